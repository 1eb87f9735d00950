#include <stdint.h>
#include <stddef.h>

#include "clones.h"
#include "include/ckernels.h"

static inline __attribute__((always_inline)) float clamp_byte(float value) {
  value = value < 0.0f ? 0.0f : value;
  return value > 255.0f ? 255.0f : value;
}

static inline __attribute__((always_inline)) uint8_t round_byte(float value) {
  return (uint8_t)(int32_t)(clamp_byte(value) + 0.5f);
}

// Chroma of half size is doubled into a short buffer first, so that one plain loop, which vectorises well, serves
// both kinds of picture.
enum { chunk_size = 512 };

static inline __attribute__((always_inline)) const uint8_t *chroma_chunk(const uint8_t *row, int32_t start,
                                                                         int32_t count, int32_t shift,
                                                                         uint8_t *buffer) {
  if (shift == 0) return row + start;
  const uint8_t *half = row + (start >> 1);
  const int32_t pairs = count >> 1;
  for (int32_t i = 0; i < pairs; i++) {
    buffer[2 * i] = half[i];
    buffer[2 * i + 1] = half[i];
  }
  if (count & 1) buffer[count - 1] = half[pairs];
  return buffer;
}

// Goes through the picture in stretches of a row. SETUP sees `row` and `start`, STORE sees the column `x` within
// the stretch and the channels `r`, `g`, `b` as floats in 0...255.
#define CK_FOR_EACH_PIXEL(SETUP, STORE)                                                        \
  const ck_color_matrix m = *matrix;                                                           \
  uint8_t u_buffer[chunk_size], v_buffer[chunk_size];                                          \
  for (int32_t row = 0; row < picture->height; row++) {                                        \
    const uint8_t *y_row = picture->y + row * picture->y_stride;                               \
    const ptrdiff_t chroma_offset = (row >> picture->chroma_shift) * picture->chroma_stride;   \
    for (int32_t start = 0; start < picture->width; start += chunk_size) {                     \
      const int32_t left = picture->width - start;                                             \
      const int32_t count = left < chunk_size ? left : chunk_size;                             \
      const uint8_t *restrict y = y_row + start;                                               \
      const uint8_t *restrict u =                                                              \
          chroma_chunk(picture->u + chroma_offset, start, count, picture->chroma_shift, u_buffer); \
      const uint8_t *restrict v =                                                              \
          chroma_chunk(picture->v + chroma_offset, start, count, picture->chroma_shift, v_buffer); \
      SETUP                                                                                    \
      for (int32_t x = 0; x < count; x++) {                                                    \
        const float l = ((float)y[x] - m.luma_offset) * m.luma_scale;                          \
        const float cb = (float)u[x] - 128.0f;                                                 \
        const float cr = (float)v[x] - 128.0f;                                                 \
        const float r = clamp_byte(l + m.red_v * cr);                                          \
        const float g = clamp_byte(l + m.green_u * cb + m.green_v * cr);                       \
        const float b = clamp_byte(l + m.blue_u * cb);                                         \
        STORE                                                                                  \
      }                                                                                        \
    }                                                                                          \
  }

#define CK_PLANES(TYPE)                                            \
  TYPE *restrict rp = red + row * row_stride + start;              \
  TYPE *restrict gp = green + row * row_stride + start;            \
  TYPE *restrict bp = blue + row * row_stride + start;

#define CK_TRIPLES(TYPE) TYPE *restrict p = pixels + row * row_stride + 3 * start;

CK_CLONES void ck_planar_float(const ck_picture *picture, const ck_color_matrix *matrix, const float *gain,
                               const float *bias, float *red, float *green, float *blue, ptrdiff_t row_stride) {
  const float gr = gain[0], gg = gain[1], gb = gain[2], br = bias[0], bg = bias[1], bb = bias[2];
  CK_FOR_EACH_PIXEL(CK_PLANES(float), rp[x] = r * gr + br; gp[x] = g * gg + bg; bp[x] = b * gb + bb;)
}

CK_CLONES void ck_packed_float(const ck_picture *picture, const ck_color_matrix *matrix, const float *gain,
                               const float *bias, int32_t blue_first, float *pixels, ptrdiff_t row_stride) {
  const float gr = gain[0], gg = gain[1], gb = gain[2], br = bias[0], bg = bias[1], bb = bias[2];
  if (blue_first) {
    CK_FOR_EACH_PIXEL(CK_TRIPLES(float), p[3 * x] = b * gb + bb; p[3 * x + 1] = g * gg + bg;
                      p[3 * x + 2] = r * gr + br;)
  } else {
    CK_FOR_EACH_PIXEL(CK_TRIPLES(float), p[3 * x] = r * gr + br; p[3 * x + 1] = g * gg + bg;
                      p[3 * x + 2] = b * gb + bb;)
  }
}

CK_CLONES void ck_planar_bytes(const ck_picture *picture, const ck_color_matrix *matrix, uint8_t *red,
                               uint8_t *green, uint8_t *blue, ptrdiff_t row_stride) {
  CK_FOR_EACH_PIXEL(CK_PLANES(uint8_t), rp[x] = round_byte(r); gp[x] = round_byte(g); bp[x] = round_byte(b);)
}

CK_CLONES void ck_packed_bytes(const ck_picture *picture, const ck_color_matrix *matrix, int32_t blue_first,
                               uint8_t *pixels, ptrdiff_t row_stride) {
  if (blue_first) {
    CK_FOR_EACH_PIXEL(CK_TRIPLES(uint8_t), p[3 * x] = round_byte(b); p[3 * x + 1] = round_byte(g);
                      p[3 * x + 2] = round_byte(r);)
  } else {
    CK_FOR_EACH_PIXEL(CK_TRIPLES(uint8_t), p[3 * x] = round_byte(r); p[3 * x + 1] = round_byte(g);
                      p[3 * x + 2] = round_byte(b);)
  }
}

CK_CLONES void ck_convert_rows(const uint8_t *row0, const uint8_t *row1, const uint8_t *u, const uint8_t *v,
                               int32_t width, const float *coefficients, uint8_t *out0, uint8_t *out1,
                               uint8_t *out_u, uint8_t *out_v) {
  const float yy = coefficients[0], yu = coefficients[1], yv = coefficients[2], yc = coefficients[3];
  const float uu = coefficients[4], uv = coefficients[5], uc = coefficients[6];
  const float vu = coefficients[7], vv = coefficients[8], vc = coefficients[9];
  uint8_t u_buffer[chunk_size], v_buffer[chunk_size];
  for (int32_t start = 0; start < width; start += chunk_size) {
    const int32_t left = width - start;
    const int32_t count = left < chunk_size ? left : chunk_size;
    const uint8_t *restrict cb = chroma_chunk(u, start, count, 1, u_buffer);
    const uint8_t *restrict cr = chroma_chunk(v, start, count, 1, v_buffer);
    for (int32_t x = 0; x < count; x++) {
      out0[start + x] =
          round_byte(yy * (float)row0[start + x] + yu * (float)cb[x] + yv * (float)cr[x] + yc);
    }
    if (row1) {
      for (int32_t x = 0; x < count; x++) {
        out1[start + x] =
            round_byte(yy * (float)row1[start + x] + yu * (float)cb[x] + yv * (float)cr[x] + yc);
      }
    }
  }
  const int32_t chroma_width = (width + 1) >> 1;
  for (int32_t x = 0; x < chroma_width; x++) {
    const float cb = (float)u[x], cr = (float)v[x];
    out_u[x] = round_byte(uu * cb + uv * cr + uc);
    out_v[x] = round_byte(vu * cb + vv * cr + vc);
  }
}

// One row of averages: SUM adds up a column of the source, F x F samples make one of the target.
#define CK_SHRINK_ROW(F, SUM)                                                             \
  for (int32_t start = 0; start < width; start += chunk_size / F) {                       \
    const int32_t left = width - start;                                                   \
    const int32_t count = left < chunk_size / F ? left : chunk_size / F;                  \
    const uint8_t *restrict r = rows + (ptrdiff_t)start * F;                              \
    uint8_t *restrict out = target + row * target_stride + start;                         \
    for (int32_t x = 0; x < count * F; x++) sums[x] = (uint16_t)(SUM);                    \
    for (int32_t x = 0; x < count; x++) {                                                 \
      uint32_t sum = 0;                                                                   \
      for (int32_t i = 0; i < F; i++) sum += sums[F * x + i];                             \
      out[x] = (uint8_t)((sum + F * F / 2) / (F * F));                                    \
    }                                                                                     \
  }

CK_CLONES void ck_shrink(const uint8_t *source, ptrdiff_t source_stride, uint8_t *target, ptrdiff_t target_stride,
                         int32_t width, int32_t height, int32_t factor) {
  const ptrdiff_t s = source_stride;
  uint16_t sums[chunk_size];
  for (int32_t row = 0; row < height; row++) {
    const uint8_t *rows = source + (ptrdiff_t)row * factor * s;
    switch (factor) {
    case 2:
      CK_SHRINK_ROW(2, r[x] + r[x + s])
      break;
    case 3:
      CK_SHRINK_ROW(3, r[x] + r[x + s] + r[x + 2 * s])
      break;
    case 4:
      CK_SHRINK_ROW(4, r[x] + r[x + s] + r[x + 2 * s] + r[x + 3 * s])
      break;
    case 6:
      CK_SHRINK_ROW(6, r[x] + r[x + s] + r[x + 2 * s] + r[x + 3 * s] + r[x + 4 * s] + r[x + 5 * s])
      break;
    default:
      break;
    }
  }
}

CK_CLONES void ck_column_sums(const uint8_t *samples, ptrdiff_t stride, int32_t width, int32_t height,
                              uint32_t *restrict sums) {
  for (int32_t x = 0; x < width; x++) sums[x] = 0;
  for (int32_t row = 0; row < height; row++) {
    const uint8_t *restrict line = samples + row * stride;
    for (int32_t x = 0; x < width; x++) sums[x] += line[x];
  }
}

CK_CLONES void ck_block_sums(const uint8_t *samples, ptrdiff_t stride, int32_t width, int32_t height, int32_t step,
                             uint32_t *sums) {
  const int32_t columns = width / 16, rows = height / 16;
  for (int32_t row = 0; row < rows; row++) {
    uint32_t *restrict target = sums + (ptrdiff_t)row * columns;
    for (int32_t column = 0; column < columns; column++) target[column] = 0;
    for (int32_t line = 0; line < 16; line += step) {
      const uint8_t *restrict source = samples + ((ptrdiff_t)row * 16 + line) * stride;
      for (int32_t column = 0; column < columns; column++) {
        uint32_t sum = 0;
        for (int32_t x = 0; x < 16; x++) sum += source[column * 16 + x];
        target[column] += sum;
      }
    }
  }
}

CK_CLONES void ck_grey_measures(const uint8_t *grey, ptrdiff_t stride, int32_t width, int32_t height,
                                ck_grey_sums *sums) {
  int64_t sum = 0, square_sum = 0, laplacian_sum = 0, laplacian_square_sum = 0;
  for (int32_t row = 0; row < height; row++) {
    const uint8_t *here = grey + row * stride;
    const uint8_t *above = grey + (row == 0 ? 1 : row - 1) * stride;
    const uint8_t *below = grey + (row == height - 1 ? height - 2 : row + 1) * stride;
    // 64-bit sums are folded in once per stretch, so that the inner loop stays in 32 bits: a stretch of 1024
    // samples holds at most 1024 * 1020^2, which fits.
    for (int32_t start = 0; start < width; start += 1024) {
      const int32_t end = start + 1024 < width ? start + 1024 : width;
      uint32_t s = 0, q = 0, lq = 0;
      int32_t ls = 0;
      const int32_t first = start == 0 ? 1 : start;
      const int32_t last = end == width ? width - 1 : end;
      for (int32_t x = first; x < last; x++) {
        const int32_t value = here[x];
        const int32_t laplacian = above[x] + below[x] + here[x - 1] + here[x + 1] - 4 * value;
        s += (uint32_t)value;
        q += (uint32_t)(value * value);
        ls += laplacian;
        lq += (uint32_t)(laplacian * laplacian);
      }
      sum += s;
      square_sum += q;
      laplacian_sum += ls;
      laplacian_square_sum += lq;
    }
    const int32_t edges[2] = {0, width - 1};
    const int32_t beside[2] = {1, width - 2};
    for (int32_t side = 0; side < 2; side++) {
      const int32_t value = here[edges[side]];
      const int32_t laplacian = above[edges[side]] + below[edges[side]] + 2 * here[beside[side]] - 4 * value;
      sum += value;
      square_sum += value * value;
      laplacian_sum += laplacian;
      laplacian_square_sum += (int64_t)laplacian * laplacian;
    }
  }
  sums->sum = sum;
  sums->square_sum = square_sum;
  sums->laplacian_sum = laplacian_sum;
  sums->laplacian_square_sum = laplacian_square_sum;
}
