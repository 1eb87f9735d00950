// The few hot loops in C, compiled for several instruction sets and chosen once at load time.
//
// Every kernel has a plain Swift twin (Imaging/KernelTwins.swift) that the tests compare it with. No kernel
// allocates, and none checks its arguments: the Swift callers do.
#ifndef THROUGHLINE_CKERNELS_H
#define THROUGHLINE_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// How Y'CbCr becomes R'G'B': with l = luma_scale * (Y - luma_offset), u = U - 128, v = V - 128 the channels are
// R = l + red_v * v, G = l + green_u * u + green_v * v, B = l + blue_u * u, each clamped to 0...255.
typedef struct {
  float luma_scale;
  float luma_offset;
  float red_v;
  float green_u;
  float green_v;
  float blue_u;
} ck_color_matrix;

// A picture of three planes of equal size (4:4:4) or with chroma of half the size (4:2:0), strides in bytes.
typedef struct {
  const uint8_t *y;
  const uint8_t *u;
  const uint8_t *v;
  ptrdiff_t y_stride;
  ptrdiff_t chroma_stride;
  int32_t width;
  int32_t height;
  // 0 where chroma has the size of luma, 1 where it has half of it (rounded up) in both directions.
  int32_t chroma_shift;
} ck_picture;

// Writes channel * gain + bias as floats, one plane per channel. `gain`, `bias` and `planes` are in the order
// R, G, B; for a network that wants B, G, R swap the plane pointers. `row_stride` counts floats.
void ck_planar_float(const ck_picture *picture, const ck_color_matrix *matrix, const float *gain,
                     const float *bias, float *red, float *green, float *blue, ptrdiff_t row_stride);

// The same with the three channels of a pixel next to each other: R, G, B, or B, G, R where `blue_first` is not 0.
// `gain` and `bias` stay in the order R, G, B; `row_stride` counts floats.
void ck_packed_float(const ck_picture *picture, const ck_color_matrix *matrix, const float *gain,
                     const float *bias, int32_t blue_first, float *pixels, ptrdiff_t row_stride);

// The same without gain and bias, rounded to bytes: one plane per channel.
void ck_planar_bytes(const ck_picture *picture, const ck_color_matrix *matrix, uint8_t *red, uint8_t *green,
                     uint8_t *blue, ptrdiff_t row_stride);

// The same as bytes, the three channels of a pixel next to each other.
void ck_packed_bytes(const ck_picture *picture, const ck_color_matrix *matrix, int32_t blue_first,
                     uint8_t *pixels, ptrdiff_t row_stride);

// Moves a row of 4:2:0 samples from one Y'CbCr system into another. In place is allowed. `width` counts luma
// samples; rows 0 and 1 share the chroma row (row1 may be NULL).
//   Y' = coefficients[0] * Y + coefficients[1] * U + coefficients[2] * V + coefficients[3]
//   U' = coefficients[4] * U + coefficients[5] * V + coefficients[6]
//   V' = coefficients[7] * U + coefficients[8] * V + coefficients[9]
void ck_convert_rows(const uint8_t *row0, const uint8_t *row1, const uint8_t *u, const uint8_t *v, int32_t width,
                     const float *coefficients, uint8_t *out0, uint8_t *out1, uint8_t *out_u, uint8_t *out_v);

// Shrinks a plane by a whole factor of 2, 3, 4 or 6 in both directions; every sample is the rounded average of
// factor x factor samples. `width` and `height` are those of the result; the source has exactly `factor` times as
// many.
void ck_shrink(const uint8_t *source, ptrdiff_t source_stride, uint8_t *target, ptrdiff_t target_stride,
               int32_t width, int32_t height, int32_t factor);

// The sums of a rectangle's columns; of up to 2^24 rows.
void ck_column_sums(const uint8_t *samples, ptrdiff_t stride, int32_t width, int32_t height, uint32_t *sums);

// Sums of whole blocks of 16 x 16 samples, row by row of blocks; only every `step`-th line of a block (1...16) is read.
// What is left over at the right and the bottom belongs to no block.
void ck_block_sums(const uint8_t *samples, ptrdiff_t stride, int32_t width, int32_t height, int32_t step,
                   uint32_t *sums);

// Dot products of a query with every row of a contiguous matrix of `rows` x `dimension` floats.
void ck_dot_scan_float(const float *query, const float *matrix, size_t rows, size_t dimension, float *scores);

// Dot products of a query with every row of a contiguous matrix of signed bytes, exact. `dimension` must not
// exceed 65536, so that the sum fits.
void ck_dot_scan_int8(const int8_t *query, const int8_t *matrix, size_t rows, size_t dimension, int32_t *scores);

// The same without the instructions for products of bytes (AVX-512 VNNI) that ck_dot_scan_int8 uses where the processor
// has them, for the tests.
void ck_dot_scan_int8_portable(const int8_t *query, const int8_t *matrix, size_t rows, size_t dimension,
                               int32_t *scores);

// Dot products of a query of signed bytes with every row of a matrix of unsigned numbers of 4 bits, exact. `dimension` is
// a multiple of 128 and at most 65536; a row has dimension / 2 bytes. Byte j (0...63) of the k-th 64 bytes of a row has
// element 128 * k + j in its lower and element 128 * k + 64 + j in its upper half.
void ck_dot_scan_nibbles(const int8_t *query, const uint8_t *matrix, size_t rows, size_t dimension, int32_t *scores);

// The same without the instructions for products of bytes, for the tests.
void ck_dot_scan_nibbles_portable(const int8_t *query, const uint8_t *matrix, size_t rows, size_t dimension,
                                  int32_t *scores);

// Sums over a grey picture: of the samples, of their squares, and of the Laplacian (kernel 0 1 0 / 1 -4 1 /
// 0 1 0, borders mirrored without repeating the edge) and its squares.
typedef struct {
  int64_t sum;
  int64_t square_sum;
  int64_t laplacian_sum;
  int64_t laplacian_square_sum;
} ck_grey_sums;

// Needs at least 2 x 2 samples.
void ck_grey_measures(const uint8_t *grey, ptrdiff_t stride, int32_t width, int32_t height, ck_grey_sums *sums);

// A plane to be warped. `source` has `width` x `height` samples (2...8192 each), `step` bytes apart (1, or 2 where two
// kinds of samples stand in turns); height * stride must stay below 2^31.
typedef struct {
  const uint8_t *source;
  ptrdiff_t stride;
  int32_t step;
  int32_t width;
  int32_t height;
  // What is written where the table points out of the plane.
  uint8_t fill;
} ck_remap_plane;

// Where the sample at a node of the table comes from, in 1/65536 samples of the source, -2^30...2^30; x is CK_NOWHERE where
// it comes from no place at all.
typedef struct {
  int32_t x;
  int32_t y;
} ck_remap_node;

#define CK_NOWHERE INT32_MIN

// Warps a plane into one of the same size. The table has a node for every 16th sample of every 16th row, and one beyond
// the last cell in both directions: (ceil(width / 16) + 1) x (ceil(height / 16) + 1) of them, row by row; in between,
// positions lie on straight lines. Samples are mixed from their four neighbours.
void ck_remap(const ck_remap_plane *plane, const ck_remap_node *nodes, uint8_t *target, ptrdiff_t target_stride);

// The same without the instructions of AVX2 that ck_remap uses where the processor has them.
void ck_remap_portable(const ck_remap_plane *plane, const ck_remap_node *nodes, uint8_t *target,
                       ptrdiff_t target_stride);

#ifdef __cplusplus
}
#endif

#endif
