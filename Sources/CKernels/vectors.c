#include <stddef.h>
#include <stdint.h>

#include "clones.h"
#include "include/ckernels.h"

// Four rows at a time share the loads of the query and give the processor independent chains of additions.
CK_CLONES void ck_dot_scan_float(const float *query, const float *matrix, size_t rows, size_t dimension,
                                 float *scores) {
#pragma clang fp reassociate(on) contract(fast)
  size_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    const float *a = matrix + row * dimension;
    const float *b = a + dimension;
    const float *c = b + dimension;
    const float *d = c + dimension;
    float sa = 0, sb = 0, sc = 0, sd = 0;
    for (size_t i = 0; i < dimension; i++) {
      const float q = query[i];
      sa += q * a[i];
      sb += q * b[i];
      sc += q * c[i];
      sd += q * d[i];
    }
    scores[row] = sa;
    scores[row + 1] = sb;
    scores[row + 2] = sc;
    scores[row + 3] = sd;
  }
  for (; row < rows; row++) {
    const float *a = matrix + row * dimension;
    float sum = 0;
    for (size_t i = 0; i < dimension; i++) sum += query[i] * a[i];
    scores[row] = sum;
  }
}

CK_CLONES void ck_dot_scan_int8(const int8_t *query, const int8_t *matrix, size_t rows, size_t dimension,
                                int32_t *scores) {
  for (size_t row = 0; row < rows; row++) {
    const int8_t *a = matrix + row * dimension;
    int32_t sum = 0;
    for (size_t i = 0; i < dimension; i++) sum += (int32_t)query[i] * (int32_t)a[i];
    scores[row] = sum;
  }
}
