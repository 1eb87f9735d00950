#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "clones.h"
#include "include/ckernels.h"

// A stretch of at most 16 samples between two nodes of the table: position of the first one and the step, in 1/65536.
typedef struct {
  int32_t x, y, step_x, step_y;
} stretch;

static inline __attribute__((always_inline)) int32_t between(int32_t from, int32_t to, int32_t share) {
  return from + (int32_t)((((int64_t)to - from) * share) >> 4);
}

// The positions of the row `line` (0...15) of a cell. Returns 0 where the cell shows nothing.
static inline __attribute__((always_inline)) int stretch_of(const ck_remap_node *above, const ck_remap_node *below,
                                                            int32_t line, stretch *out) {
  if (above[0].x == CK_NOWHERE || above[1].x == CK_NOWHERE || below[0].x == CK_NOWHERE || below[1].x == CK_NOWHERE) {
    return 0;
  }
  out->x = between(above[0].x, below[0].x, line);
  out->y = between(above[0].y, below[0].y, line);
  out->step_x = (int32_t)(((int64_t)between(above[1].x, below[1].x, line) - out->x) >> 4);
  out->step_y = (int32_t)(((int64_t)between(above[1].y, below[1].y, line) - out->y) >> 4);
  return 1;
}

static inline __attribute__((always_inline)) int32_t clamped(int32_t value, int32_t most) {
  value = value < 0 ? 0 : value;
  return value > most ? most : value;
}

// Bilinear with weights of 1/64 along each side.
static inline __attribute__((always_inline)) uint8_t sample_at(const ck_remap_plane *plane, int32_t x, int32_t y) {
  const int32_t last_x = (plane->width - 1) << 16, last_y = (plane->height - 1) << 16;
  if (x < -32768 || y < -32768 || x > last_x + 32768 || y > last_y + 32768) return plane->fill;
  x = clamped(x, last_x);
  y = clamped(y, last_y);
  const int32_t left = clamped(x >> 16, plane->width - 2), top = clamped(y >> 16, plane->height - 2);
  const int32_t fx = (x - (left << 16)) >> 10, fy = (y - (top << 16)) >> 10;
  const uint8_t *here = plane->source + (ptrdiff_t)top * plane->stride + (ptrdiff_t)left * plane->step;
  const uint8_t *below = here + plane->stride;
  const int32_t upper = here[0] * (64 - fx) + here[plane->step] * fx;
  const int32_t lower = below[0] * (64 - fx) + below[plane->step] * fx;
  return (uint8_t)((upper * (64 - fy) + lower * fy + 2048) >> 12);
}

static void remap_stretch(const ck_remap_plane *plane, const stretch *s, uint8_t *out, int32_t count) {
  for (int32_t i = 0; i < count; i++) out[i] = sample_at(plane, s->x + i * s->step_x, s->y + i * s->step_y);
}

void ck_remap_portable(const ck_remap_plane *plane, const ck_remap_node *nodes, uint8_t *target,
                       ptrdiff_t target_stride) {
  const int32_t columns = (plane->width + 15) >> 4;
  for (int32_t row = 0; row < plane->height; row++) {
    const ck_remap_node *above = nodes + (ptrdiff_t)(row >> 4) * (columns + 1);
    uint8_t *out = target + row * target_stride;
    for (int32_t column = 0; column < columns; column++) {
      const int32_t rest = plane->width - 16 * column, count = rest < 16 ? rest : 16;
      stretch s;
      if (stretch_of(above + column, above + columns + 1 + column, row & 15, &s)) {
        remap_stretch(plane, &s, out + 16 * column, count);
      } else {
        memset(out + 16 * column, plane->fill, (size_t)count);
      }
    }
  }
}

#if defined(__x86_64__)
#include <immintrin.h>

#define CK_AVX2 __attribute__((target("avx2")))

// A position for each of eight neighbouring samples.
typedef struct {
  __m256i x, y;
} eight;

// The two halves of eight numbers below 65536 as sixteen bits each.
static inline __attribute__((always_inline)) CK_AVX2 __m128i narrowed(__m256i values) {
  return _mm_packus_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
}

// Eight samples that come from at most fifteen neighbouring samples of three rows, all well inside of the plane, as
// nearly all do: three loads, and the bytes are sorted in registers. Returns 0 where that is not so.
static inline __attribute__((always_inline)) CK_AVX2 int remap_near(const ck_remap_plane *plane, const stretch *s,
                                                                   int32_t first, eight at, uint8_t *out) {
  const int32_t x0 = s->x + first * s->step_x, x7 = x0 + 7 * s->step_x;
  const int32_t y0 = s->y + first * s->step_y, y7 = y0 + 7 * s->step_y;
  const int32_t left = (x0 < x7 ? x0 : x7) >> 16, right = (x0 < x7 ? x7 : x0) >> 16;
  const int32_t top = (y0 < y7 ? y0 : y7) >> 16, bottom = (y0 < y7 ? y7 : y0) >> 16;
  if (plane->step != 1 || left < 0 || left + 16 > plane->width || right - left > 14 || top < 0 ||
      top + 3 > plane->height || bottom - top > 1) {
    return 0;
  }
  const __m128i columns = narrowed(_mm256_sub_epi32(_mm256_srli_epi32(at.x, 16), _mm256_set1_epi32(left)));
  const __m128i fx = narrowed(_mm256_and_si256(_mm256_srli_epi32(at.x, 10), _mm256_set1_epi32(63)));
  const __m128i fy = narrowed(_mm256_and_si256(_mm256_srli_epi32(at.y, 10), _mm256_set1_epi32(63)));
  const __m128i is_lower = _mm_cmpgt_epi16(
      narrowed(_mm256_sub_epi32(_mm256_srli_epi32(at.y, 16), _mm256_set1_epi32(top))), _mm_setzero_si128());
  // Bytes: the column and its right neighbour; 64 - fx and fx.
  const __m128i pairs = _mm_add_epi16(_mm_or_si128(columns, _mm_slli_epi16(columns, 8)), _mm_set1_epi16(256));
  const __m128i weights = _mm_add_epi16(_mm_sub_epi16(_mm_slli_epi16(fx, 8), fx), _mm_set1_epi16(64));
  const uint8_t *source = plane->source + (ptrdiff_t)top * plane->stride + left;
  __m128i row[3];
  for (int i = 0; i < 3; i++) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(source + i * plane->stride));
    row[i] = _mm_maddubs_epi16(_mm_shuffle_epi8(bytes, pairs), weights);
  }
  const __m128i upper = _mm_blendv_epi8(row[0], row[1], is_lower), lower = _mm_blendv_epi8(row[1], row[2], is_lower);
  const __m128i rest = _mm_sub_epi16(_mm_set1_epi16(64), fy), round = _mm_set1_epi32(2048);
  const __m128i low = _mm_madd_epi16(_mm_unpacklo_epi16(upper, lower), _mm_unpacklo_epi16(rest, fy));
  const __m128i high = _mm_madd_epi16(_mm_unpackhi_epi16(upper, lower), _mm_unpackhi_epi16(rest, fy));
  const __m128i words = _mm_packus_epi32(_mm_srli_epi32(_mm_add_epi32(low, round), 12),
                                         _mm_srli_epi32(_mm_add_epi32(high, round), 12));
  _mm_storel_epi64((__m128i *)out, _mm_packus_epi16(words, words));
  return 1;
}

// Eight samples from anywhere. Of four bytes at each place, the sample and its right neighbour are used; where that
// would reach over the plane's end, nothing is written and 0 returned. Single loads were faster than the instruction
// that gathers.
static inline __attribute__((always_inline)) CK_AVX2 int remap_far(const ck_remap_plane *plane, eight at,
                                                                  uint8_t *out) {
  const __m256i zero = _mm256_setzero_si256(), before = _mm256_set1_epi32(-32768);
  const __m256i last_x = _mm256_set1_epi32((plane->width - 1) << 16);
  const __m256i last_y = _mm256_set1_epi32((plane->height - 1) << 16);
  const __m256i half = _mm256_set1_epi32(32768);
  const __m256i outside = _mm256_or_si256(
      _mm256_or_si256(_mm256_cmpgt_epi32(before, at.x), _mm256_cmpgt_epi32(before, at.y)),
      _mm256_or_si256(_mm256_cmpgt_epi32(at.x, _mm256_add_epi32(last_x, half)),
                      _mm256_cmpgt_epi32(at.y, _mm256_add_epi32(last_y, half))));
  const __m256i x = _mm256_min_epi32(_mm256_max_epi32(at.x, zero), last_x);
  const __m256i y = _mm256_min_epi32(_mm256_max_epi32(at.y, zero), last_y);
  const __m256i left = _mm256_min_epi32(_mm256_srli_epi32(x, 16), _mm256_set1_epi32(plane->width - 2));
  const __m256i top = _mm256_min_epi32(_mm256_srli_epi32(y, 16), _mm256_set1_epi32(plane->height - 2));
  const __m256i fx = _mm256_srli_epi32(_mm256_sub_epi32(x, _mm256_slli_epi32(left, 16)), 10);
  const __m256i fy = _mm256_srli_epi32(_mm256_sub_epi32(y, _mm256_slli_epi32(top, 16)), 10);
  int32_t offsets[8], uppers[8], lowers[8];
  _mm256_storeu_si256((__m256i *)offsets,
                      _mm256_add_epi32(_mm256_mullo_epi32(top, _mm256_set1_epi32((int32_t)plane->stride)),
                                       _mm256_mullo_epi32(left, _mm256_set1_epi32(plane->step))));
  // The last byte that belongs to the plane lies at (height - 1) * stride + (width - 1) * step.
  const ptrdiff_t last = (plane->height - 2) * plane->stride + (ptrdiff_t)(plane->width - 1) * plane->step - 3;
  for (int i = 0; i < 8; i++) {
    if (offsets[i] > last) return 0;
    memcpy(&uppers[i], plane->source + offsets[i], 4);
    memcpy(&lowers[i], plane->source + plane->stride + offsets[i], 4);
  }
  const __m256i upper = _mm256_loadu_si256((const __m256i *)uppers);
  const __m256i lower = _mm256_loadu_si256((const __m256i *)lowers);
  const __m256i low_byte = _mm256_set1_epi32(255), high_byte = _mm256_set1_epi32(255 << 16);
  const __m128i shift = _mm_cvtsi32_si128(16 - 8 * plane->step);
  const __m256i weights_x = _mm256_or_si256(_mm256_sub_epi32(_mm256_set1_epi32(64), fx), _mm256_slli_epi32(fx, 16));
  const __m256i weights_y = _mm256_or_si256(_mm256_sub_epi32(_mm256_set1_epi32(64), fy), _mm256_slli_epi32(fy, 16));
  const __m256i upper_pair = _mm256_or_si256(_mm256_and_si256(upper, low_byte),
                                             _mm256_and_si256(_mm256_sll_epi32(upper, shift), high_byte));
  const __m256i lower_pair = _mm256_or_si256(_mm256_and_si256(lower, low_byte),
                                             _mm256_and_si256(_mm256_sll_epi32(lower, shift), high_byte));
  const __m256i rows = _mm256_or_si256(_mm256_madd_epi16(upper_pair, weights_x),
                                       _mm256_slli_epi32(_mm256_madd_epi16(lower_pair, weights_x), 16));
  __m256i value = _mm256_srli_epi32(_mm256_add_epi32(_mm256_madd_epi16(rows, weights_y), _mm256_set1_epi32(2048)), 12);
  value = _mm256_blendv_epi8(value, _mm256_set1_epi32(plane->fill), outside);
  const __m128i words = narrowed(value);
  _mm_storel_epi64((__m128i *)out, _mm_packus_epi16(words, words));
  return 1;
}

static CK_AVX2 void remap_avx2(const ck_remap_plane *plane, const ck_remap_node *nodes, uint8_t *target,
                               ptrdiff_t target_stride) {
  const int32_t columns = (plane->width + 15) >> 4;
  const __m256i numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  for (int32_t row = 0; row < plane->height; row++) {
    const ck_remap_node *above = nodes + (ptrdiff_t)(row >> 4) * (columns + 1);
    uint8_t *out = target + row * target_stride;
    for (int32_t column = 0; column < columns; column++) {
      const int32_t rest = plane->width - 16 * column, count = rest < 16 ? rest : 16;
      stretch s;
      if (!stretch_of(above + column, above + columns + 1 + column, row & 15, &s)) {
        memset(out + 16 * column, plane->fill, (size_t)count);
        continue;
      }
      int32_t done = 0;
      for (; done + 8 <= count; done += 8) {
        const __m256i place = _mm256_add_epi32(numbers, _mm256_set1_epi32(done));
        const eight at = {
            _mm256_add_epi32(_mm256_set1_epi32(s.x), _mm256_mullo_epi32(place, _mm256_set1_epi32(s.step_x))),
            _mm256_add_epi32(_mm256_set1_epi32(s.y), _mm256_mullo_epi32(place, _mm256_set1_epi32(s.step_y))),
        };
        uint8_t *here = out + 16 * column + done;
        if (!remap_near(plane, &s, done, at, here) && !remap_far(plane, at, here)) break;
      }
      const stretch left = {s.x + done * s.step_x, s.y + done * s.step_y, s.step_x, s.step_y};
      remap_stretch(plane, &left, out + 16 * column + done, count - done);
    }
  }
}

void ck_remap(const ck_remap_plane *plane, const ck_remap_node *nodes, uint8_t *target, ptrdiff_t target_stride) {
  if (__builtin_cpu_supports("avx2")) {
    remap_avx2(plane, nodes, target, target_stride);
  } else {
    ck_remap_portable(plane, nodes, target, target_stride);
  }
}
#else
void ck_remap(const ck_remap_plane *plane, const ck_remap_node *nodes, uint8_t *target, ptrdiff_t target_stride) {
  ck_remap_portable(plane, nodes, target, target_stride);
}
#endif
