/* SPDX-License-Identifier: BSD-3-Clause */
/* The same half round trips with MPI_Send and MPI_Recv; compiled by links.sh where an MPI is installed. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCHES 21

static char buffer[1 << 20];

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void play(const char *name, int rank, int bytes, int messages)
{
    double ns[BATCHES];
    const int each = messages / BATCHES + 1;
    for (int b = 0; b < BATCHES; b++) {
        const double from = MPI_Wtime();
        for (int i = 0; i < each; i++) {
            if (rank == 0)
                MPI_Send(buffer, bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
            MPI_Recv(buffer, bytes, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            if (rank == 1)
                MPI_Send(buffer, bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
        }
        ns[b] = (MPI_Wtime() - from) * 1e9 / (2.0 * each);
    }
    qsort(ns, BATCHES, sizeof(*ns), by_value);
    if (rank == 0)
        printf("%s\t%d\t%.1f\n", name, bytes, ns[BATCHES / 2]);
}

int main(int argc, char **argv)
{
    int rank;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    play(argv[1], rank, 64, 50000);
    play(argv[1], rank, 4096, 20000);
    play(argv[1], rank, sizeof(buffer), 400);
    MPI_Finalize();
    return 0;
}
