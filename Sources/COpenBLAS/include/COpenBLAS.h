#ifndef COPENBLAS_H
#define COPENBLAS_H

/// The two products that the OpenBLAS back end needs, from the system's library.
///
/// The library is loaded when it is asked for: linked in, it would start its own threads in every process, and no
/// binary would run where it is not installed.

/// Loads libopenblas.so.0, told to use no threads of its own: the kernel team calls it from each of its own.
/// Returns NULL, or why it cannot be loaded. Later calls return the same.
const char *openblas_load(void);

/// y[rows] = a[rows, depth] * x[depth] + keep * y. Only after a successful load.
void openblas_matrix_vector(int rows, int depth, const float *a, const float *x, float keep, float *y);

/// out[columns, stride >= rows] = x[columns, depth] * a[rows, depth]^T + keep * out. Only after a successful load.
void openblas_matrix_matrix(int columns, int rows, int depth, const float *x, const float *a, float keep, float *out,
                            int stride);

#endif
