#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

// Values of the CBLAS enumerations, which are part of its ABI.
enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

static void (*sgemv)(int order, int transpose, int m, int n, float alpha, const float *a, int lda, const float *x,
                     int incx, float beta, float *y, int incy);
static void (*sgemm)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
                     int lda, const float *b, int ldb, float beta, float *c, int ldc);
static const char *problem;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    // Read by the library's constructor, so it has to be there before.
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        problem = dlerror();
        return;
    }
    *(void **)&sgemv = dlsym(library, "cblas_sgemv");
    *(void **)&sgemm = dlsym(library, "cblas_sgemm");
    if (sgemv == NULL || sgemm == NULL) problem = "libopenblas.so.0 has no CBLAS functions";
}

const char *openblas_load(void) {
    pthread_once(&once, load);
    return problem;
}

void openblas_matrix_vector(int rows, int depth, const float *a, const float *x, float keep, float *y) {
    sgemv(ROW_MAJOR, NO_TRANSPOSE, rows, depth, 1, a, depth, x, 1, keep, y, 1);
}

void openblas_matrix_matrix(int columns, int rows, int depth, const float *x, const float *a, float keep, float *out,
                            int stride) {
    sgemm(ROW_MAJOR, NO_TRANSPOSE, TRANSPOSE, columns, rows, depth, 1, x, depth, a, depth, keep, out, stride);
}
