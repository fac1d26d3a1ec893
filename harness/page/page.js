/* SPDX-License-Identifier: BSD-3-Clause */
'use strict';
(function () {
    const root = document.documentElement;

    /* ---------------------------------------------------------- light or dark */
    const theme = document.getElementById('theme');
    function isDark() {
        const chosen = root.getAttribute('data-theme');
        return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    }
    theme.hidden = false;
    theme.addEventListener('click', function () {
        root.setAttribute('data-theme', isDark() ? 'light' : 'dark');
        draw();
    });

    /* -------------------------------------------------------- sorting of tables */
    function sort(table, column, up) {
        const body = table.tBodies[0];
        const value = function (row) {
            const cell = row.cells[column];
            return 'v' in cell.dataset ? Number(cell.dataset.v) : cell.classList.contains('n') ? NaN : cell.textContent;
        };
        const rows = Array.from(body.rows).sort(function (a, b) {
            const x = value(a), y = value(b);
            if (Number.isNaN(x) || Number.isNaN(y))
                return Number.isNaN(x) - Number.isNaN(y);
            return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1);
        });
        rows.forEach(function (row) { body.appendChild(row); });
    }
    document.querySelectorAll('table.sortable').forEach(function (table) {
        Array.from(table.tHead.rows[0].cells).forEach(function (cell, column) {
            const turn = function () {
                const up = cell.getAttribute('aria-sort') !== 'ascending';
                Array.from(table.tHead.rows[0].cells).forEach(function (other) { other.removeAttribute('aria-sort'); });
                cell.setAttribute('aria-sort', up ? 'ascending' : 'descending');
                sort(table, column, up);
            };
            cell.tabIndex = 0;
            cell.addEventListener('click', turn);
            cell.addEventListener('keydown', function (event) {
                if (event.key === 'Enter' || event.key === ' ') {
                    event.preventDefault();
                    turn();
                }
            });
        });
    });

    /* ------------------------------------------------------------------- curves */
    const data = document.getElementById('data-curves');
    const series = data ? JSON.parse(data.textContent) : [];
    const titles = {
        loss: 'training loss', accuracy: 'held-out accuracy', heldout: 'held-out loss', local: 'loss of local models',
        distance: 'distance from consensus', time: 'time, s', gradients: 'gradients', bytes: 'bytes exchanged'
    };
    const kept = {};
    let chart = null;

    function chosen(name) {
        return document.querySelector('input[name=' + name + ']:checked').value;
    }

    /* What a run had at `x`: on the straight line between its points; null outside them. */
    function at(run, xs, ys, x) {
        let i = 1;
        while (i < xs.length && xs[i] < x)
            i++;
        if (i >= xs.length)
            return x === xs[xs.length - 1] ? ys[xs.length - 1] : null;
        if (x < xs[0] || ys[i] === null || ys[i - 1] === null)
            return null;
        const part = xs[i] > xs[i - 1] ? (x - xs[i - 1]) / (xs[i] - xs[i - 1]) : 1;
        return ys[i - 1] + part * (ys[i] - ys[i - 1]);
    }

    /* [least, mean, largest] over the seeds that have a value there. */
    function over(one, axis, field, x) {
        const values = one.runs.map(function (run) { return at(run, run[axis], run[field], x); })
            .filter(function (value) { return value !== null; });
        if (values.length === 0)
            return [null, null, null];
        const sum = values.reduce(function (a, b) { return a + b; }, 0);
        return [Math.min.apply(null, values), sum / values.length, Math.max.apply(null, values)];
    }

    function rows(axis, field) {
        const all = new Set();
        series.forEach(function (one) {
            if (one.runs.length > 0)
                one.runs[0][axis].forEach(function (x) { if (x !== null) all.add(x); });
        });
        return Array.from(all).sort(function (a, b) { return a - b; }).map(function (x) {
            return [x].concat(series.map(function (one) { return over(one, axis, field, x); }));
        });
    }

    function colours() {
        const style = getComputedStyle(root);
        return series.map(function (one, i) { return style.getPropertyValue('--k' + i % 8).trim(); });
    }

    function draw() {
        if (!window.Dygraph || series.length === 0)
            return;
        const axis = chosen('x'), field = chosen('y');
        const found = rows(axis, field);
        const line = getComputedStyle(root).getPropertyValue('--line').trim();
        const dashes = {};
        series.forEach(function (one, i) { dashes[one.label] = { strokePattern: i >= 8 ? [6, 3] : null }; });
        if (chart)
            chart.destroy();
        chart = new Dygraph(document.getElementById('chart-curves'), found, {
            labels: [titles[axis]].concat(series.map(function (one) { return one.label; })),
            customBars: true, connectSeparatedPoints: true, strokeWidth: 2, colors: colours(), series: dashes,
            fillAlpha: 0.12, logscale: document.getElementById('log').checked && field !== 'accuracy', xlabel: titles[axis], ylabel: titles[field],
            legend: 'always', labelsDiv: 'legend-curves', gridLineColor: line, axisLineColor: line,
            axes: { x: { axisLabelFormatter: short, axisLabelWidth: 70 }, y: { axisLabelFormatter: short } },
            highlightSeriesOpts: { strokeWidth: 3.5 },
            visibility: series.map(function (one) { return kept[one.label] !== false; }),
            legendFormatter: legend
        });
    }

    function short(value) {
        const size = Math.abs(value), unit = size >= 1e9 ? [1e9, 'G'] : size >= 1e6 ? [1e6, 'M'] : size >= 1e4 ? [1e3, 'k'] : [1, ''];
        return Number((value / unit[0]).toPrecision(3)) + unit[1];
    }

    /* Text only: labels come from the profile. */
    function legend(now) {
        const out = document.createElement('div');
        now.series.forEach(function (one) {
            const item = document.createElement('span');
            const key = document.createElement('i');
            key.className = 'key';
            key.style.background = one.color;
            item.appendChild(key);
            item.appendChild(document.createTextNode(one.label +
                (now.x !== undefined && one.y !== undefined ? ' ' + Number(one.y).toPrecision(3) : '')));
            out.appendChild(item);
        });
        return out.innerHTML;
    }

    document.querySelectorAll('fieldset.choices').forEach(function (one) {
        one.hidden = !window.Dygraph;
        one.addEventListener('change', draw);
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
    draw();
})();
