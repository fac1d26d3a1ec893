/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness/page/data.h"

#include <stdlib.h>

void page_data(FILE *out, const char *id, json_t *data)
{
    char *const text = json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(6));
    fprintf(out, "<script type=\"application/json\" id=\"%s\">", id);
    /* "<" stands in strings only; as it is it could end the element */
    for (const char *c = text ? text : "null"; *c; c++)
        if (*c == '<')
            fputs("\\u003c", out);
        else
            fputc(*c, out);
    fputs("</script>\n", out);
    free(text);
    json_decref(data);
}
