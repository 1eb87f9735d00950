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

CK_CLONES void ck_dot_scan_int8_portable(const int8_t *query, const int8_t *matrix, size_t rows, size_t dimension,
                                         int32_t *scores) {
  for (size_t row = 0; row < rows; row++) {
    const int8_t *a = matrix + row * dimension;
    int32_t sum = 0;
    for (size_t i = 0; i < dimension; i++) sum += (int32_t)query[i] * (int32_t)a[i];
    scores[row] = sum;
  }
}

CK_CLONES void ck_dot_scan_nibbles_portable(const int8_t *query, const uint8_t *matrix, size_t rows, size_t dimension,
                                            int32_t *scores) {
  for (size_t row = 0; row < rows; row++) {
    const uint8_t *a = matrix + row * (dimension / 2);
    int32_t sum = 0;
    for (size_t i = 0; i + 64 <= dimension / 2; i += 64) {
      for (size_t j = 0; j < 64; j++) {
        const int32_t pair = a[i + j];
        sum += (int32_t)query[2 * i + j] * (pair & 15) + (int32_t)query[2 * i + 64 + j] * (pair >> 4);
      }
    }
    scores[row] = sum;
  }
}

#if defined(__x86_64__)
#include <immintrin.h>

#define CK_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

// The instruction multiplies unsigned with signed bytes, so the rows are moved up by 128 (their sign bit flipped) and
// 128 times the sum of the query is taken off again.
CK_VNNI static void dot_scan_int8_vnni(const int8_t *query, const int8_t *matrix, size_t rows, size_t dimension,
                                       int32_t *scores) {
  const __m512i flip = _mm512_set1_epi8((char)0x80);
  const size_t whole = dimension & ~(size_t)63;
  const __mmask64 tail = whole == dimension ? 0 : (((__mmask64)1 << (dimension - whole)) - 1);
  int32_t query_sum = 0;
  for (size_t i = 0; i < dimension; i++) query_sum += query[i];
  const int32_t offset = query_sum * 128;
  size_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    const int8_t *a = matrix + row * dimension;
    const int8_t *b = a + dimension;
    const int8_t *c = b + dimension;
    const int8_t *d = c + dimension;
    __m512i sa = _mm512_setzero_si512(), sb = sa, sc = sa, sd = sa;
    for (size_t i = 0; i < whole; i += 64) {
      const __m512i q = _mm512_loadu_si512(query + i);
      // A few rows ahead: what the processor fetches by itself ends at every page of 4 KiB.
      _mm_prefetch((const char *)(a + 8 * dimension + i), _MM_HINT_T0);
      _mm_prefetch((const char *)(b + 8 * dimension + i), _MM_HINT_T0);
      _mm_prefetch((const char *)(c + 8 * dimension + i), _MM_HINT_T0);
      _mm_prefetch((const char *)(d + 8 * dimension + i), _MM_HINT_T0);
      sa = _mm512_dpbusd_epi32(sa, _mm512_xor_si512(_mm512_loadu_si512(a + i), flip), q);
      sb = _mm512_dpbusd_epi32(sb, _mm512_xor_si512(_mm512_loadu_si512(b + i), flip), q);
      sc = _mm512_dpbusd_epi32(sc, _mm512_xor_si512(_mm512_loadu_si512(c + i), flip), q);
      sd = _mm512_dpbusd_epi32(sd, _mm512_xor_si512(_mm512_loadu_si512(d + i), flip), q);
    }
    if (tail) {
      const __m512i q = _mm512_maskz_loadu_epi8(tail, query + whole);
      sa = _mm512_dpbusd_epi32(sa, _mm512_xor_si512(_mm512_maskz_loadu_epi8(tail, a + whole), flip), q);
      sb = _mm512_dpbusd_epi32(sb, _mm512_xor_si512(_mm512_maskz_loadu_epi8(tail, b + whole), flip), q);
      sc = _mm512_dpbusd_epi32(sc, _mm512_xor_si512(_mm512_maskz_loadu_epi8(tail, c + whole), flip), q);
      sd = _mm512_dpbusd_epi32(sd, _mm512_xor_si512(_mm512_maskz_loadu_epi8(tail, d + whole), flip), q);
    }
    scores[row] = _mm512_reduce_add_epi32(sa) - offset;
    scores[row + 1] = _mm512_reduce_add_epi32(sb) - offset;
    scores[row + 2] = _mm512_reduce_add_epi32(sc) - offset;
    scores[row + 3] = _mm512_reduce_add_epi32(sd) - offset;
  }
  for (; row < rows; row++) {
    const int8_t *a = matrix + row * dimension;
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < whole; i += 64) {
      sum = _mm512_dpbusd_epi32(sum, _mm512_xor_si512(_mm512_loadu_si512(a + i), flip),
                                _mm512_loadu_si512(query + i));
    }
    if (tail) {
      sum = _mm512_dpbusd_epi32(sum, _mm512_xor_si512(_mm512_maskz_loadu_epi8(tail, a + whole), flip),
                                _mm512_maskz_loadu_epi8(tail, query + whole));
    }
    scores[row] = _mm512_reduce_add_epi32(sum) - offset;
  }
}

CK_VNNI static inline __m512i add_nibbles(__m512i sum, const uint8_t *pairs, __m512i even, __m512i odd) {
  const __m512i low = _mm512_set1_epi8(15);
  const __m512i both = _mm512_loadu_si512(pairs);
  sum = _mm512_dpbusd_epi32(sum, _mm512_and_si512(both, low), even);
  return _mm512_dpbusd_epi32(sum, _mm512_and_si512(_mm512_srli_epi16(both, 4), low), odd);
}

CK_VNNI static void dot_scan_nibbles_vnni(const int8_t *query, const uint8_t *matrix, size_t rows, size_t dimension,
                                          int32_t *scores) {
  const size_t width = dimension / 2;
  size_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    const uint8_t *a = matrix + row * width;
    const uint8_t *b = a + width;
    const uint8_t *c = b + width;
    const uint8_t *d = c + width;
    __m512i sa = _mm512_setzero_si512(), sb = sa, sc = sa, sd = sa;
    for (size_t i = 0; i + 64 <= width; i += 64) {
      const __m512i even = _mm512_loadu_si512(query + 2 * i);
      const __m512i odd = _mm512_loadu_si512(query + 2 * i + 64);
      _mm_prefetch((const char *)(a + 16 * width + i), _MM_HINT_T0);
      _mm_prefetch((const char *)(b + 16 * width + i), _MM_HINT_T0);
      _mm_prefetch((const char *)(c + 16 * width + i), _MM_HINT_T0);
      _mm_prefetch((const char *)(d + 16 * width + i), _MM_HINT_T0);
      sa = add_nibbles(sa, a + i, even, odd);
      sb = add_nibbles(sb, b + i, even, odd);
      sc = add_nibbles(sc, c + i, even, odd);
      sd = add_nibbles(sd, d + i, even, odd);
    }
    scores[row] = _mm512_reduce_add_epi32(sa);
    scores[row + 1] = _mm512_reduce_add_epi32(sb);
    scores[row + 2] = _mm512_reduce_add_epi32(sc);
    scores[row + 3] = _mm512_reduce_add_epi32(sd);
  }
  for (; row < rows; row++) {
    const uint8_t *a = matrix + row * width;
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i + 64 <= width; i += 64) {
      sum = add_nibbles(sum, a + i, _mm512_loadu_si512(query + 2 * i), _mm512_loadu_si512(query + 2 * i + 64));
    }
    scores[row] = _mm512_reduce_add_epi32(sum);
  }
}

static int has_vnni(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}
#endif

void ck_dot_scan_int8(const int8_t *query, const int8_t *matrix, size_t rows, size_t dimension, int32_t *scores) {
#if defined(__x86_64__)
  if (has_vnni()) {
    dot_scan_int8_vnni(query, matrix, rows, dimension, scores);
    return;
  }
#endif
  ck_dot_scan_int8_portable(query, matrix, rows, dimension, scores);
}

void ck_dot_scan_nibbles(const int8_t *query, const uint8_t *matrix, size_t rows, size_t dimension, int32_t *scores) {
#if defined(__x86_64__)
  if (has_vnni()) {
    dot_scan_nibbles_vnni(query, matrix, rows, dimension, scores);
    return;
  }
#endif
  ck_dot_scan_nibbles_portable(query, matrix, rows, dimension, scores);
}
