/* The hot kernels in C, for the processor's 128-bit SIMD: four floats at a time.
 *
 * Compiled to a WebAssembly module, this runs inside a browser tab on numpy's own
 * memory; compiled for a desktop, it is tested there under AddressSanitizer. Only
 * GCC's and Clang's vector extension is used (`f32x4` adds four pairs at once), no
 * library: memory to work in comes from the caller, in `scratch`.
 *
 * Nothing is checked here. `simd.py` looks at shapes, strides, types and overlap
 * before it passes a pointer on. Arrays are in C order unless strides are given, and
 * strides count numbers, not bytes.
 *
 * Read first: `tile`, the loop in which training spends most of its time. Matrix
 * product and convolution only arrange for their numbers to lie as `tile` wants them.
 */

typedef float f32x4 __attribute__((vector_size(16)));
typedef int i32x4 __attribute__((vector_size(16)));
/* The same, at an address that need not be a multiple of 16. */
typedef float f32x4_anywhere __attribute__((vector_size(16), aligned(4), may_alias));
typedef int i32x4_anywhere __attribute__((vector_size(16), aligned(4), may_alias));
typedef int pair_of_shorts __attribute__((may_alias));

#define EXPORT __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))

enum {
  TILE_ROWS = 4,   /* 4 x 8 sums fill the registers: 8 vectors of sums, 2 of b, */
  TILE_COLS = 8,   /* 1 of a. Larger tiles spill to memory and were slower.     */
  BLOCK_DEPTH = 256, /* a 256 x 8 panel of b (8 KB) stays in the first cache ... */
  BLOCK_ROWS = 128,  /* ... and a 128 x 256 block of a (128 KB) in the second.   */
  BLOCK_COLS = 512,
};

INLINE f32x4 load(const float *p) { return *(const f32x4_anywhere *)p; }
INLINE void store(float *p, f32x4 v) { *(f32x4_anywhere *)p = v; }
INLINE f32x4 splat(float v) { return (f32x4){v, v, v, v}; }
INLINE float sum4(f32x4 v) { return (v[0] + v[1]) + (v[2] + v[3]); }
INLINE int min(int a, int b) { return a < b ? a : b; }
INLINE int max(int a, int b) { return a > b ? a : b; }

/* sum + a b. Where the module is compiled for it, one instruction does both and rounds
 * once; most processors then do twice the work in a cycle. */
INLINE f32x4 plus_product(f32x4 sum, f32x4 a, f32x4 b) {
#ifdef __wasm_relaxed_simd__
  return __builtin_wasm_relaxed_madd_f32x4(a, b, sum);
#else
  return sum + a * b;
#endif
}

INLINE f32x4 select(i32x4 mask, f32x4 yes, f32x4 no) {
  return (f32x4)((mask & (i32x4)yes) | (~mask & (i32x4)no));
}

/* The first of `count` numbers, at most four; what is missing is `other`. */
INLINE f32x4 load_upto(const float *p, int count, float other) {
  if (count >= 4) return load(p);
  f32x4 v = splat(other);
  for (int i = 0; i < count; i++) v[i] = p[i];
  return v;
}

INLINE void store_upto(float *p, f32x4 v, int count) {
  if (count >= 4) {
    store(p, v);
    return;
  }
  for (int i = 0; i < count; i++) p[i] = v[i];
}

static void fill(float *out, int count, float value) {
  for (int i = 0; i < count; i++) out[i] = value;
}

/* Sums over a row: of x, of (x - middle) y, of (x - middle)^2. */
static float sum_of(const float *x, int count) {
  f32x4 even = splat(0), odd = splat(0);
  int i = 0;
  for (; i + 8 <= count; i += 8) even += load(x + i), odd += load(x + i + 4);
  float total = sum4(even + odd);
  for (; i < count; i++) total += x[i];
  return total;
}

static float centred_dot(const float *y, const float *x, float middle, int count) {
  f32x4 even = splat(0), odd = splat(0);
  int i = 0;
  for (; i + 8 <= count; i += 8) {
    even += (load(x + i) - splat(middle)) * load(y + i);
    odd += (load(x + i + 4) - splat(middle)) * load(y + i + 4);
  }
  float total = sum4(even + odd);
  for (; i < count; i++) total += (x[i] - middle) * y[i];
  return total;
}

static float squares_of(const float *x, float middle, int count) {
  f32x4 even = splat(0), odd = splat(0);
  int i = 0;
  for (; i + 8 <= count; i += 8) {
    const f32x4 a = load(x + i) - splat(middle), b = load(x + i + 4) - splat(middle);
    even += a * a, odd += b * b;
  }
  float total = sum4(even + odd);
  for (; i < count; i++) total += (x[i] - middle) * (x[i] - middle);
  return total;
}

/* --- Matrix product ------------------------------------------------------------ */

/* sums[r][c] = sum over k of a[k][r] * b_k[c], for 4 r and 8 c.
 *
 * a is a panel (depth, 4). The eight numbers b_k start at b + offset[k]: a packed
 * panel has offset[k] = 8 k, and in a convolution the offsets walk over an image.
 * Each number loaded is used four or eight times, from a register. */
INLINE void tile(int depth, const float *a, const float *b, const int *offset,
                 f32x4 sums[TILE_ROWS][2]) {
  f32x4 s00 = splat(0), s01 = s00, s10 = s00, s11 = s00;
  f32x4 s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  for (int k = 0; k < depth; k++, a += TILE_ROWS) {
    const f32x4 b0 = load(b + offset[k]), b1 = load(b + offset[k] + 4);
    const f32x4 a0 = splat(a[0]), a1 = splat(a[1]);
    s00 = plus_product(s00, a0, b0), s01 = plus_product(s01, a0, b1);
    s10 = plus_product(s10, a1, b0), s11 = plus_product(s11, a1, b1);
    const f32x4 a2 = splat(a[2]), a3 = splat(a[3]);
    s20 = plus_product(s20, a2, b0), s21 = plus_product(s21, a2, b1);
    s30 = plus_product(s30, a3, b0), s31 = plus_product(s31, a3, b1);
  }
  sums[0][0] = s00, sums[0][1] = s01, sums[1][0] = s10, sums[1][1] = s11;
  sums[2][0] = s20, sums[2][1] = s21, sums[3][0] = s30, sums[3][1] = s31;
}

/* Write, or add, the part of a tile that lies inside the result of stride `row`. */
INLINE void store_tile(f32x4 sums[TILE_ROWS][2], float *out, int row, int rows,
                       int cols, int add) {
  for (int r = 0; r < min(rows, TILE_ROWS); r++, out += row) {
    if (cols >= TILE_COLS) {
      store(out, add ? load(out) + sums[r][0] : sums[r][0]);
      store(out + 4, add ? load(out + 4) + sums[r][1] : sums[r][1]);
    } else {
      for (int c = 0; c < cols; c++)
        out[c] = (add ? out[c] : 0) + sums[r][c / 4][c % 4];
    }
  }
}

/* out[k][r] = from[r][k] for four rows r, `row` apart, and four neighbours k; rows of
 * `out` are `width` apart. */
INLINE void transpose_four(const float *from, long row, float *out, int width) {
  const f32x4 r0 = load(from), r1 = load(from + row);
  const f32x4 r2 = load(from + 2 * row), r3 = load(from + 3 * row);
  const f32x4 low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
  const f32x4 low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
  const f32x4 high01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
  const f32x4 high23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
  store(out, __builtin_shufflevector(low01, low23, 0, 1, 4, 5));
  store(out + width, __builtin_shufflevector(low01, low23, 2, 3, 6, 7));
  store(out + 2 * width, __builtin_shufflevector(high01, high23, 0, 1, 4, 5));
  store(out + 3 * width, __builtin_shufflevector(high01, high23, 2, 3, 6, 7));
}

/* Copy a (rows, depth) matrix into panels: out[panel][k][r], `width` rows in each.
 * Rows that the last panel lacks become zeros. Any strides, so a transpose is free;
 * a whole panel whose rows or columns are neighbours goes four numbers at a time. */
INLINE void pack(int rows, int depth, const float *from, int row, int col, int width,
                 float *out) {
  for (int first = 0; first < rows; first += width, out += width * depth) {
    const float *panel = from + (long)first * row;
    const int have = min(width, rows - first);
    if (row == 1 && have == width) {
      for (int k = 0; k < depth; k++)
        for (int r = 0; r < width; r += 4)
          store(out + k * width + r, load(panel + (long)k * col + r));
      continue;
    }
    const int fours = col == 1 && have == width ? depth / 4 * 4 : 0;
    for (int k = 0; k < fours; k += 4)
      for (int r = 0; r < width; r += 4)
        transpose_four(panel + (long)r * row + k, row, out + k * width + r, width);
    for (int r = 0; r < width; r++)
      for (int k = fours; k < depth; k++)
        out[k * width + r] = r < have ? panel[(long)r * row + (long)k * col] : 0;
  }
}

struct gemm {
  int batches, rows, cols, depth, a_row, a_col, b_row, b_col;
};

EXPORT int tt_gemm_scratch(void) {
  return BLOCK_DEPTH * (1 + BLOCK_ROWS + BLOCK_COLS);
}

/* c (batches, rows, cols) = a (rows, depth) times b (depth, cols), for each batch.
 * a and b of batch n begin at a + a_at[n] and b + b_at[n]. */
EXPORT void tt_gemm(const struct gemm *s, const float *a, const int *a_at,
                    const float *b, const int *b_at, float *c, float *scratch) {
  int *offset = (int *)scratch;
  float *a_panels = scratch + BLOCK_DEPTH;
  float *b_panels = a_panels + BLOCK_ROWS * BLOCK_DEPTH;
  for (int k = 0; k < BLOCK_DEPTH; k++) offset[k] = TILE_COLS * k;
  for (int n = 0; n < s->batches; n++, c += (long)s->rows * s->cols)
    for (int j0 = 0; j0 < s->cols; j0 += BLOCK_COLS)
      for (int k0 = 0; k0 < s->depth; k0 += BLOCK_DEPTH) {
        const int cols = min(BLOCK_COLS, s->cols - j0);
        const int depth = min(BLOCK_DEPTH, s->depth - k0);
        pack(cols, depth, b + b_at[n] + (long)k0 * s->b_row + (long)j0 * s->b_col,
             s->b_col, s->b_row, TILE_COLS, b_panels);
        for (int i0 = 0; i0 < s->rows; i0 += BLOCK_ROWS) {
          const int rows = min(BLOCK_ROWS, s->rows - i0);
          pack(rows, depth, a + a_at[n] + (long)i0 * s->a_row + (long)k0 * s->a_col,
               s->a_row, s->a_col, TILE_ROWS, a_panels);
          for (int j = 0; j < cols; j += TILE_COLS)
            for (int i = 0; i < rows; i += TILE_ROWS) {
              f32x4 sums[TILE_ROWS][2];
              tile(depth, a_panels + i * depth, b_panels + j * depth, offset, sums);
              store_tile(sums, c + (long)(i0 + i) * s->cols + j0 + j, s->cols,
                         rows - i, cols - j, k0 > 0);
            }
        }
      }
}

/* --- Matrix product of 8-bit integers ------------------------------------------- */

/* Two 16-bit numbers lie in each 32-bit lane, neighbours along the depth: one
 * instruction multiplies eight pairs and adds each lane's two products. */
INLINE i32x4 dot_pairs(i32x4 a, i32x4 b) {
#ifdef __wasm_simd128__
  typedef short i16x8 __attribute__((vector_size(16)));
  return __builtin_wasm_dot_s_i32x4_i16x8((i16x8)a, (i16x8)b);
#else
  typedef unsigned u32x4 __attribute__((vector_size(16)));
  const i32x4 first = ((i32x4)((u32x4)a << 16) >> 16) * ((i32x4)((u32x4)b << 16) >> 16);
  return first + (a >> 16) * (b >> 16);
#endif
}

/* As `pack`, with two numbers of the depth side by side: out[panel][k / 2][r][2]. */
INLINE void pack_pairs(int rows, int depth, const signed char *from, int row, int col,
                       int width, short *out) {
  const int even = (depth + 1) / 2 * 2;
  for (int first = 0; first < rows; first += width, out += width * even)
    for (int r = 0; r < width; r++)
      for (int k = 0; k < even; k++) {
        const int inside = first + r < rows && k < depth;
        out[(k / 2 * width + r) * 2 + k % 2] =
            inside ? from[(long)(first + r) * row + (long)k * col] : 0;
      }
}

INLINE void tile_int8(int pairs, const pair_of_shorts *a, const i32x4_anywhere *b,
                      i32x4 sums[TILE_ROWS][2]) {
  i32x4 s[TILE_ROWS][2] = {0};
  for (int k = 0; k < pairs; k++, a += TILE_ROWS, b += 2)
    for (int r = 0; r < TILE_ROWS; r++) {
      const i32x4 pair = {a[r], a[r], a[r], a[r]};
      s[r][0] += dot_pairs(pair, b[0]);
      s[r][1] += dot_pairs(pair, b[1]);
    }
  for (int r = 0; r < TILE_ROWS; r++) sums[r][0] = s[r][0], sums[r][1] = s[r][1];
}

struct gemm_int8 {
  int rows, cols, depth, a_row, a_col, b_row, b_col;
};

/* In floats: panels of 16-bit numbers, half a float each, for 4 rows and all of b. */
EXPORT int tt_gemm_int8_scratch(const struct gemm_int8 *s) {
  const int pairs = (s->depth + 1) / 2;
  return pairs * (TILE_ROWS + (s->cols + TILE_COLS - 1) / TILE_COLS * TILE_COLS);
}

/* c (rows, cols) = a (rows, depth) times b (depth, cols), exact in 32 bits. */
EXPORT void tt_gemm_int8(const struct gemm_int8 *s, const signed char *a,
                         const signed char *b, int *c, short *scratch) {
  const int pairs = (s->depth + 1) / 2;
  short *a_panel = scratch, *b_panels = scratch + 2 * TILE_ROWS * pairs;
  pack_pairs(s->cols, s->depth, b, s->b_col, s->b_row, TILE_COLS, b_panels);
  for (int i = 0; i < s->rows; i += TILE_ROWS) {
    const int rows = min(TILE_ROWS, s->rows - i);
    pack_pairs(rows, s->depth, a + (long)i * s->a_row, s->a_row, s->a_col, TILE_ROWS,
               a_panel);
    for (int j = 0; j < s->cols; j += TILE_COLS) {
      i32x4 sums[TILE_ROWS][2];
      tile_int8(pairs, (const pair_of_shorts *)a_panel,
                (const i32x4_anywhere *)(b_panels + 2L * j * pairs), sums);
      for (int r = 0; r < rows; r++)
        for (int k = 0; k < min(TILE_COLS, s->cols - j); k++)
          c[(long)(i + r) * s->cols + j + k] = sums[r][k / 4][k % 4];
    }
  }
}

/* --- Convolution --------------------------------------------------------------- */

/* A convolution is the product of weights (filters, K) and the unfolded image
 * (K, pixels), K counting channels x kernel cells. The unfolded image is never made:
 * the image is copied once onto a canvas with its padding around it, and the eight
 * neighbouring pixels that kernel cell k meets are eight neighbours on the canvas,
 * offset[k] away. For a stride s, a canvas row holds columns 0, s, 2s, ... first, then
 * 1, 1 + s, ...: neighbours again.
 *
 * `spread` puts zeros between the image's pixels. The gradient to the input is the
 * convolution of the output's gradient, spread by the stride, with flipped weights. */
struct conv {
  int images, groups, channels, height, width; /* channels of one group */
  int filters, out_height, out_width;          /* filters of one group  */
  int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
  int top, left, spread_h, spread_w; /* where the image lies on its canvas */
};

struct canvas {
  int height, phase, row, plane, size; /* phase: columns with the same remainder */
};

static struct canvas canvas_of(const struct conv *s) {
  struct canvas v;
  const int width = (s->out_width - 1) * s->stride_w +
                    (s->kernel_w - 1) * s->dilation_w + 1;
  v.height = (s->out_height - 1) * s->stride_h + (s->kernel_h - 1) * s->dilation_h + 1;
  v.phase = (width + s->stride_w - 1) / s->stride_w;
  v.row = v.phase * s->stride_w;
  v.plane = v.height * v.row;
  v.size = s->channels * v.plane + TILE_COLS; /* the last tile may read past its row */
  return v;
}

static int kernel_cells(const struct conv *s) {
  return s->channels * s->kernel_h * s->kernel_w;
}

/* Copy an image's group of channels onto a canvas that is zero elsewhere. */
static void paint(const struct conv *s, struct canvas v, const float *image,
                  float *canvas) {
  for (int c = 0; c < s->channels; c++, canvas += v.plane)
    for (int i = 0; i < s->height; i++, image += s->width) {
      const int y = s->top + i * s->spread_h;
      if (y < 0 || y >= v.height) continue;
      float *out = canvas + y * v.row;
      if (s->stride_w == 1 && s->spread_w == 1) {
        const int first = max(0, -s->left), last = min(s->width, v.row - s->left);
        for (int j = first; j < last; j++) out[s->left + j] = image[j];
        continue;
      }
      for (int j = 0; j < s->width; j++) {
        const int x = s->left + j * s->spread_w;
        if (x >= 0 && x < v.row)
          out[x % s->stride_w * v.phase + x / s->stride_w] = image[j];
      }
    }
}

/* offset[k]: how far on the canvas kernel cell k is from cell 0. */
static void find_offsets(const struct conv *s, struct canvas v, int *offset) {
  for (int c = 0; c < s->channels; c++)
    for (int i = 0; i < s->kernel_h; i++)
      for (int j = 0; j < s->kernel_w; j++) {
        const int x = j * s->dilation_w;
        *offset++ = c * v.plane + i * s->dilation_h * v.row +
                    x % s->stride_w * v.phase + x / s->stride_w;
      }
}

EXPORT int tt_conv2d_scratch(const struct conv *s) {
  const int panels = (s->filters + TILE_ROWS - 1) / TILE_ROWS;
  return kernel_cells(s) * (1 + panels * TILE_ROWS) + canvas_of(s).size;
}

/* y (images, groups x filters, out_height, out_width) from x (images, groups x
 * channels, height, width), weight (groups x filters, K) and bias, or null. */
EXPORT void tt_conv2d(const struct conv *s, const float *x, const float *weight,
                      const float *bias, float *y, float *scratch) {
  const struct canvas v = canvas_of(s);
  const int depth = kernel_cells(s), pixels = s->out_height * s->out_width;
  int *offset = (int *)scratch;
  float *canvas = scratch + depth, *panels = canvas + v.size;
  find_offsets(s, v, offset);
  fill(canvas, v.size, 0);
  for (int g = 0; g < s->groups; g++) {
    pack(s->filters, depth, weight + (long)g * s->filters * depth, depth, 1, TILE_ROWS,
         panels);
    for (int n = 0; n < s->images; n++) {
      const int image = n * s->groups + g;
      paint(s, v, x + (long)image * s->channels * s->height * s->width, canvas);
      for (int f = 0; f < s->filters; f += TILE_ROWS) {
        float *out = y + ((long)image * s->filters + f) * pixels;
        for (int i = 0; i < s->out_height; i++)
          for (int j = 0; j < s->out_width; j += TILE_COLS) {
            f32x4 sums[TILE_ROWS][2];
            const float *from = canvas + i * s->stride_h * v.row + j;
            tile(depth, panels + f * depth, from, offset, sums);
            for (int r = 0; bias && r < min(TILE_ROWS, s->filters - f); r++) {
              const f32x4 shift = splat(bias[g * s->filters + f + r]);
              sums[r][0] += shift, sums[r][1] += shift;
            }
            store_tile(sums, out + i * s->out_width + j, pixels, s->filters - f,
                       s->out_width - j, 0);
          }
      }
    }
  }
}

/* Gradients to the weights: sums over images and pixels of the output's gradient times
 * the pixel that the kernel cell met there. Both lie in rows, so four neighbours are
 * multiplied at a time; at[t] is where on the canvas the t-th four begin. A tile is 4
 * filters x 2 cells; it sums over a few images before its vectors are added up. */
enum { GRAD_FILTERS = 4, GRAD_CELLS = 2, GRAD_CACHE = 65536 /* floats */ };

struct grad_block {
  int images, steps; /* steps: fours in one filter's gradient */
  int row, size;     /* floats of one padded row, and of one image's gradient */
  int copy;          /* floats of one image's copy: 0 if rows are whole fours anyway */
};

static struct grad_block grad_block_of(const struct conv *s) {
  struct grad_block b;
  b.row = (s->out_width + 3) / 4 * 4;
  b.steps = b.row / 4 * s->out_height;
  b.size = s->filters * s->out_height * b.row;
  b.copy = b.row == s->out_width ? 0 : b.size;
  b.images = max(1, min(s->images, GRAD_CACHE / (canvas_of(s).size + b.size)));
  return b;
}

EXPORT int tt_conv2d_weight_grad_scratch(const struct conv *s) {
  const struct grad_block b = grad_block_of(s);
  return kernel_cells(s) + b.steps + b.images * (canvas_of(s).size + b.copy);
}

/* Copy one image's gradient, its rows padded with zeros to whole fours. */
static void pad_rows(const struct conv *s, int row, const float *grad, float *out) {
  for (int i = 0; i < s->filters * s->out_height; i++, out += row)
    for (int j = 0; j < s->out_width; j++) out[j] = *grad++;
}

/* sums[r][c]: filter r's gradient, at grad + filters[r], times cell c's pixels. */
INLINE void grad_tile(int images, int steps, const int *at, const float *grad,
                      const int filters[GRAD_FILTERS], int next_grad,
                      const float *canvas, const int cells[GRAD_CELLS],
                      int next_canvas, f32x4 sums[GRAD_FILTERS][GRAD_CELLS]) {
  f32x4 s00 = splat(0), s01 = s00, s10 = s00, s11 = s00;
  f32x4 s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  for (int n = 0; n < images; n++, grad += next_grad, canvas += next_canvas) {
    const float *g0 = grad + filters[0], *g1 = grad + filters[1];
    const float *g2 = grad + filters[2], *g3 = grad + filters[3];
    const float *x0 = canvas + cells[0], *x1 = canvas + cells[1];
    for (int t = 0; t < steps; t++) {
      const f32x4 p0 = load(x0 + at[t]), p1 = load(x1 + at[t]);
      const f32x4 a0 = load(g0 + 4 * t), a1 = load(g1 + 4 * t);
      s00 = plus_product(s00, a0, p0), s01 = plus_product(s01, a0, p1);
      s10 = plus_product(s10, a1, p0), s11 = plus_product(s11, a1, p1);
      const f32x4 a2 = load(g2 + 4 * t), a3 = load(g3 + 4 * t);
      s20 = plus_product(s20, a2, p0), s21 = plus_product(s21, a2, p1);
      s30 = plus_product(s30, a3, p0), s31 = plus_product(s31, a3, p1);
    }
  }
  sums[0][0] = s00, sums[0][1] = s01, sums[1][0] = s10, sums[1][1] = s11;
  sums[2][0] = s20, sums[2][1] = s21, sums[3][0] = s30, sums[3][1] = s31;
}

/* dweight (groups x filters, K) from grad, shaped as conv2d's y, and x. */
EXPORT void tt_conv2d_weight_grad(const struct conv *s, const float *grad,
                                  const float *x, float *dweight, float *scratch) {
  const struct canvas v = canvas_of(s);
  const struct grad_block b = grad_block_of(s);
  const int depth = kernel_cells(s), plane = b.size / s->filters;
  const long image = (long)s->filters * s->out_height * s->out_width;
  int *offset = (int *)scratch, *at = offset + depth;
  float *canvases = scratch + depth + b.steps, *copies = canvases + b.images * v.size;
  find_offsets(s, v, offset);
  for (int t = 0, i = 0; i < s->out_height; i++)
    for (int j = 0; j < b.row; j += 4) at[t++] = i * s->stride_h * v.row + j;
  fill(canvases, b.images * (v.size + b.copy), 0);
  fill(dweight, s->groups * s->filters * depth, 0);
  for (int g = 0; g < s->groups; g++)
    for (int first = 0; first < s->images; first += b.images) {
      const int images = min(b.images, s->images - first);
      for (int n = 0; n < images; n++) {
        const long which = (long)(first + n) * s->groups + g;
        paint(s, v, x + which * s->channels * s->height * s->width,
              canvases + n * v.size);
        if (b.copy) pad_rows(s, b.row, grad + which * image, copies + n * b.copy);
      }
      const float *from = b.copy ? copies : grad + (first * s->groups + g) * image;
      const int next = b.copy ? b.copy : s->groups * b.size;
      for (int k = 0; k < depth; k += GRAD_CELLS)
        for (int f = 0; f < s->filters; f += GRAD_FILTERS) {
          /* The last tile repeats a cell or a filter where none is left. */
          int cells[GRAD_CELLS], filters[GRAD_FILTERS];
          for (int c = 0; c < GRAD_CELLS; c++) cells[c] = offset[min(k + c, depth - 1)];
          for (int r = 0; r < GRAD_FILTERS; r++)
            filters[r] = min(f + r, s->filters - 1) * plane;
          f32x4 sums[GRAD_FILTERS][GRAD_CELLS];
          grad_tile(images, b.steps, at, from, filters, next, canvases, cells, v.size,
                    sums);
          float *out = dweight + (long)(g * s->filters + f) * depth + k;
          for (int r = 0; r < min(GRAD_FILTERS, s->filters - f); r++)
            for (int c = 0; c < min(GRAD_CELLS, depth - k); c++)
              out[r * depth + c] += sum4(sums[r][c]);
        }
    }
}

/* --- Pooling ------------------------------------------------------------------- */

struct pool {
  int planes, height, width, out_height, out_width;
  int kernel_h, kernel_w, stride_h, stride_w, top, left, dilation_h, dilation_w;
};

/* The largest of a 2 x 2 window, stride 2, for four windows side by side. */
INLINE void pool_four(const float *top, const float *bottom, float *y, short *cell) {
  const f32x4 t0 = load(top), t1 = load(top + 4);
  const f32x4 b0 = load(bottom), b1 = load(bottom + 4);
  const f32x4 value[4] = {
      __builtin_shufflevector(t0, t1, 0, 2, 4, 6),
      __builtin_shufflevector(t0, t1, 1, 3, 5, 7),
      __builtin_shufflevector(b0, b1, 0, 2, 4, 6),
      __builtin_shufflevector(b0, b1, 1, 3, 5, 7),
  };
  f32x4 best = value[0];
  i32x4 winner = {0, 0, 0, 0};
  for (int k = 1; k < 4; k++) {
    const i32x4 better = (value[k] > best) | (value[k] != value[k]); /* or nan */
    const i32x4 number = {k, k, k, k};
    best = select(better, value[k], best);
    winner = (better & number) | (~better & winner);
  }
  store(y, best);
  for (int k = 0; k < 4; k++) cell[k] = (short)winner[k];
}

static int is_halving(const struct pool *s) {
  return s->kernel_h == 2 && s->kernel_w == 2 && s->stride_h == 2 && s->stride_w == 2 &&
         !s->top && !s->left && s->dilation_h == 1 && s->dilation_w == 1;
}

/* The largest value of each window of x (planes, height, width), and its cell. */
EXPORT void tt_max_pool2d(const struct pool *s, const float *x, float *y, short *cell) {
  const int fours = is_halving(s) ? s->out_width / 4 * 4 : 0;
  for (int p = 0; p < s->planes; p++, x += s->height * s->width)
    for (int i = 0; i < s->out_height; i++, y += s->out_width, cell += s->out_width) {
      for (int j = 0; j < fours; j += 4) {
        const float *top = x + 2 * i * s->width + 2 * j;
        pool_four(top, top + s->width, y + j, cell + j);
      }
      for (int j = fours; j < s->out_width; j++) {
        y[j] = -__builtin_inff(), cell[j] = 0;
        for (int u = 0; u < s->kernel_h; u++)
          for (int v = 0; v < s->kernel_w; v++) {
            const int row = i * s->stride_h + u * s->dilation_h - s->top;
            const int col = j * s->stride_w + v * s->dilation_w - s->left;
            if (row < 0 || row >= s->height || col < 0 || col >= s->width) continue;
            const float value = x[row * s->width + col];
            if (value > y[j] || value != value)
              y[j] = value, cell[j] = (short)(u * s->kernel_w + v);
          }
      }
    }
}

/* Send each window's gradient to the pixel that won. */
EXPORT void tt_max_pool2d_grad(const struct pool *s, const float *grad,
                               const short *cell, float *dx) {
  const int whole = is_halving(s) && s->height == 2 * s->out_height &&
                    s->width == 2 * s->out_width && s->out_width % 4 == 0;
  const i32x4 odd = {0, 1, 0, 1};
  const int plane = s->height * s->width;
  for (int p = 0; p < s->planes; p++, dx += plane) {
    if (!whole) fill(dx, plane, 0);
    for (int i = 0; i < s->out_height; i++) {
      for (int j = 0; whole && j < s->out_width; j += 2) {
        const f32x4 g = {grad[j], grad[j], grad[j + 1], grad[j + 1]};
        const i32x4 won = {cell[j], cell[j], cell[j + 1], cell[j + 1]};
        float *out = dx + 2 * i * s->width + 2 * j;
        store(out, (f32x4)((won == odd) & (i32x4)g));
        store(out + s->width, (f32x4)((won == odd + 2) & (i32x4)g));
      }
      for (int j = 0; !whole && j < s->out_width; j++) {
        const int u = cell[j] / s->kernel_w, v = cell[j] % s->kernel_w;
        const int row = i * s->stride_h + u * s->dilation_h - s->top;
        const int col = j * s->stride_w + v * s->dilation_w - s->left;
        if (row >= 0 && row < s->height && col >= 0 && col < s->width)
          dx[row * s->width + col] += grad[j];
      }
      grad += s->out_width, cell += s->out_width;
    }
  }
}

/* --- Elementwise ---------------------------------------------------------------- */

EXPORT void tt_relu(int count, const float *restrict x, float *restrict y) {
  for (int i = 0; i < count; i++) y[i] = x[i] < 0 ? 0 : x[i]; /* nan stays nan */
}

EXPORT void tt_relu_grad(int count, const float *restrict grad, const float *restrict y,
                         float *restrict dx) {
  const f32x4 zero = splat(0);
  int i = 0;
  /* A mask, not a branch: which numbers are positive cannot be predicted. */
  for (; i + 4 <= count; i += 4)
    store(dx + i, (f32x4)((load(y + i) > zero) & (i32x4)load(grad + i)));
  for (; i < count; i++) dx[i] = y[i] > 0 ? grad[i] : 0;
}

/* e^x to 1e-7 relative. x = n ln 2 + r with |r| <= ln(2) / 2: e^r by its series, and
 * 2^n by writing the exponent's bits, in two halves so that neither overflows. Below
 * 1e-38 it is 0: the smaller floats that exist would take a hundred times as long. */
INLINE f32x4 exp4(f32x4 x) {
  const f32x4 low = splat(-87.3f), high = splat(89);
  const f32x4 round = splat(12582912); /* 1.5 2^23: adding it drops the fraction */
  f32x4 y = select(x > low, x, low);
  y = select(y < high, y, high);
  const f32x4 n = (y * splat(1.44269504f) + round) - round;
  const f32x4 r = (y - n * splat(0.693359375f)) + n * splat(2.12194440e-4f);
  f32x4 e = splat(1.0f / 5040);
  e = e * r + splat(1.0f / 720);
  e = e * r + splat(1.0f / 120);
  e = e * r + splat(1.0f / 24);
  e = e * r + splat(1.0f / 6);
  e = e * r + splat(0.5f);
  e = e * r + splat(1);
  e = e * r + splat(1);
  const i32x4 power = __builtin_convertvector(n, i32x4), half = power >> 1;
  e = e * (f32x4)((half + 127) << 23) * (f32x4)((power - half + 127) << 23);
  e = select(x < low, splat(0), e);
  return select(x == x, e, x); /* nan stays nan */
}

/* GELU's tanh form, x / 2 (1 + tanh(u)) with u = sqrt(2 / pi) (x + 0.044715 x^3), is
 * x s(2u) with the logistic function s(t) = 1 / (1 + e^-t): no cancellation. */
static const float GELU_SCALE = 0.797884561f, GELU_CUBIC = 0.044715f;

INLINE f32x4 gelu_gate(f32x4 x) {
  const f32x4 u = splat(GELU_SCALE) * (x + splat(GELU_CUBIC) * x * x * x);
  return splat(1) / (splat(1) + exp4(splat(-2) * u));
}

/* Left of -20 all is as flat as there, and minus infinity would give inf - inf. */
INLINE f32x4 gelu_input(const float *x, int count) {
  const f32x4 v = load_upto(x, count, 0);
  return select(v < splat(-20), splat(-20), v);
}

EXPORT void tt_gelu(int count, const float *x, float *y) {
  for (int i = 0; i < count; i += 4) {
    const f32x4 v = gelu_input(x + i, count - i), gate = gelu_gate(v);
    store_upto(y + i, select(gate > splat(0), v, splat(0)) * gate, count - i);
  }
}

EXPORT void tt_gelu_grad(int count, const float *grad, const float *x, float *dx) {
  for (int i = 0; i < count; i += 4) {
    const f32x4 from = gelu_input(x + i, count - i), gate = gelu_gate(from);
    /* Where it is flat, x counts as 0: it may be infinite. */
    const f32x4 v = select((gate > splat(0)) & (gate < splat(1)), from, splat(0));
    const f32x4 slope =
        splat(2 * GELU_SCALE) * (splat(1) + splat(3 * GELU_CUBIC) * v * v);
    const f32x4 g = load_upto(grad + i, count - i, 0) * gate;
    store_upto(dx + i, g * (splat(1) + v * (splat(1) - gate) * slope), count - i);
  }
}

/* --- Rows: softmax and layer normalisation ---------------------------------------- */

static float largest(const float *x, int count) {
  f32x4 top = splat(-__builtin_inff());
  for (int i = 0; i < count; i += 4) {
    const f32x4 v = load_upto(x + i, count - i, top[0]);
    top = select(v > top, v, top);
  }
  const float left = top[0] > top[1] ? top[0] : top[1];
  const float right = top[2] > top[3] ? top[2] : top[3];
  return left > right ? left : right;
}

/* ln x for x >= 1: x = m 2^n with m about 1, and ln m = 2 artanh((m - 1) / (m + 1)). */
static float log_of(float x) {
  union { float f; int i; } bits = {x};
  if (!(x < __builtin_inff())) return x;
  const int n = (bits.i - 0x3f3504f3) >> 23; /* m from 0.707 to 1.414 */
  bits.i -= n << 23;
  const double z = ((double)bits.f - 1) / ((double)bits.f + 1), q = z * z;
  const double series = 1 + q * (1.0 / 3 + q * (0.2 + q * (1.0 / 7 + q / 9)));
  return (float)(2 * z * series + n * 0.69314718055994531);
}

/* y = e^(x - top), and its sum. */
static float exponentials(const float *x, float top, int count, float *y) {
  f32x4 total = splat(0);
  for (int i = 0; i < count; i += 4) {
    const f32x4 e = exp4(load_upto(x + i, count - i, -__builtin_inff()) - splat(top));
    store_upto(y + i, e, count - i);
    total += e;
  }
  return sum4(total);
}

EXPORT void tt_softmax(int rows, int size, const float *x, float *y) {
  for (int r = 0; r < rows; r++, x += size, y += size) {
    const float top = largest(x, size), shift = top > -__builtin_inff() ? top : 0;
    const float share = 1 / exponentials(x, shift, size, y);
    for (int i = 0; i < size; i++) y[i] *= share;
  }
}

EXPORT void tt_softmax_grad(int rows, int size, const float *grad, const float *y,
                            float *dx) {
  for (int r = 0; r < rows; r++, grad += size, y += size, dx += size) {
    const float along = centred_dot(grad, y, 0, size);
    for (int i = 0; i < size; i++) dx[i] = y[i] * (grad[i] - along);
  }
}

EXPORT void tt_log_softmax(int rows, int size, const float *x, float *y) {
  for (int r = 0; r < rows; r++, x += size, y += size) {
    const float top = largest(x, size), log = log_of(exponentials(x, top, size, y));
    for (int i = 0; i < size; i++) y[i] = (x[i] - top) - log;
  }
}

EXPORT void tt_log_softmax_grad(int rows, int size, const float *grad, const float *y,
                                float *dx) {
  for (int r = 0; r < rows; r++, grad += size, y += size, dx += size) {
    const f32x4 total = splat(sum_of(grad, size));
    for (int i = 0; i < size; i += 4) {
      const f32x4 share = exp4(load_upto(y + i, size - i, 0));
      const f32x4 g = load_upto(grad + i, size - i, 0);
      store_upto(dx + i, g - share * total, size - i);
    }
  }
}

/* y = (x - mean) rstd weight + bias for each row, rstd = 1 / sqrt(variance + eps). */
EXPORT void tt_layer_norm(int rows, int size, const float *x, const float *weight,
                          const float *bias, float eps, float *y, float *mean,
                          float *rstd) {
  for (int r = 0; r < rows; r++, x += size, y += size) {
    const float middle = sum_of(x, size) / (float)size;
    const float var = squares_of(x, middle, size) / (float)size;
    const float scale = 1 / __builtin_sqrtf(var + eps);
    mean[r] = middle, rstd[r] = scale;
    for (int i = 0; i < size; i++) y[i] = (x[i] - middle) * scale * weight[i] + bias[i];
  }
}

/* With unit = (x - mean) rstd and g = grad weight: dweight and dbias are the sums of
 * grad unit and of grad over rows, dx = rstd (g - mean(g) - unit mean(g unit)). */
EXPORT void tt_layer_norm_grad(int rows, int size, const float *grad, const float *x,
                               const float *weight, const float *mean,
                               const float *rstd, float *restrict dx,
                               float *restrict dweight, float *restrict dbias) {
  fill(dweight, size, 0);
  fill(dbias, size, 0);
  for (int r = 0; r < rows; r++, grad += size, x += size, dx += size) {
    const float middle = mean[r], scale = rstd[r];
    for (int i = 0; i < size; i++) {
      dx[i] = grad[i] * weight[i];
      dweight[i] += grad[i] * (x[i] - middle) * scale;
      dbias[i] += grad[i];
    }
    const float shift = sum_of(dx, size) / (float)size;
    const float slope = centred_dot(dx, x, middle, size) / (float)size * scale * scale;
    for (int i = 0; i < size; i++)
      dx[i] = (dx[i] - shift - (x[i] - middle) * slope) * scale;
  }
}

/* --- Batch normalisation -------------------------------------------------------- */

/* Mean and (biased) variance of each channel of x (images, channels, size), in one
 * walk through memory: each plane's own mean and squared deviations, joined to those
 * of the planes before (Chan, Golub and LeVeque, 1979). */
static void channel_statistics(int images, int channels, int size, const float *x,
                               float *mean, float *var) {
  fill(mean, channels, 0);
  fill(var, channels, 0);
  for (int n = 0; n < images; n++)
    for (int c = 0; c < channels; c++, x += size) {
      const float middle = sum_of(x, size) / (float)size;
      const float spread = squares_of(x, middle, size) / (float)size;
      const float gap = middle - mean[c], share = 1.0f / (float)(n + 1);
      mean[c] += gap * share;
      var[c] += (spread - var[c]) * share + gap * gap * share * (1 - share);
    }
}

/* y = (x - mean) / sqrt(var + eps) * weight + bias, by channel. */
EXPORT void tt_batch_norm(int images, int channels, int size, const float *x,
                          const float *weight, const float *bias, float eps, float *y,
                          float *mean, float *var) {
  channel_statistics(images, channels, size, x, mean, var);
  for (int n = 0; n < images; n++)
    for (int c = 0; c < channels; c++, x += size, y += size) {
      const float scale = weight[c] / __builtin_sqrtf(var[c] + eps);
      const float middle = mean[c], shift = bias[c];
      for (int i = 0; i < size; i++) y[i] = (x[i] - middle) * scale + shift;
    }
}

/* With unit = (x - mean) rstd: dweight = sum of grad unit, dbias = sum of grad,
 * dx = weight rstd (grad - (unit dweight + dbias) / count). */
EXPORT void tt_batch_norm_grad(int images, int channels, int size, const float *grad,
                               const float *x, const float *weight, const float *mean,
                               const float *rstd, float *dx, float *dweight,
                               float *dbias) {
  const float count = (float)images * (float)size;
  fill(dweight, channels, 0);
  fill(dbias, channels, 0);
  for (int n = 0; n < images; n++)
    for (int c = 0; c < channels; c++) {
      const long plane = ((long)n * channels + c) * size;
      const float total = sum_of(grad + plane, size);
      dbias[c] += total;
      dweight[c] += centred_dot(grad + plane, x + plane, mean[c], size) * rstd[c];
    }
  for (int n = 0; n < images; n++)
    for (int c = 0; c < channels; c++, grad += size, x += size, dx += size) {
      const float scale = weight[c] * rstd[c], middle = mean[c];
      const float slope = dweight[c] / count * rstd[c], shift = dbias[c] / count;
      for (int i = 0; i < size; i++)
        dx[i] = (grad[i] - (x[i] - middle) * slope - shift) * scale;
    }
}

/* --- Optimizer steps, over all parameters in one call ---------------------------- */

struct sgd {
  float lr, momentum, dampening, weight_decay;
  float nesterov; /* 1 or 0 */
};

/* velocity[p] is null for a parameter without momentum. */
EXPORT void tt_sgd_step(const struct sgd *s, int count, const int *sizes,
                        float *const *params, const float *const *grads,
                        float *const *velocities) {
  for (int n = 0; n < count; n++) {
    float *restrict p = params[n];
    float *restrict v = velocities[n];
    const float *restrict grad = grads[n];
    for (int i = 0; i < sizes[n]; i++) {
      float g = grad[i] + s->weight_decay * p[i];
      if (v) {
        v[i] = s->momentum * v[i] + (1 - s->dampening) * g;
        g = s->nesterov ? g + s->momentum * v[i] : v[i];
      }
      p[i] -= s->lr * g;
    }
  }
}

struct adam {
  float step; /* learning rate over the first moment's correction, 1 - beta1^t */
  float root; /* square root of the second moment's correction, 1 - beta2^t    */
  float first, second; /* 1 - beta1 and 1 - beta2 */
  float eps;
  float decay, shrink; /* weight decay, in the gradient or as a factor of p */
};

EXPORT void tt_adam_step(const struct adam *s, int count, const int *sizes,
                         float *const *params, const float *const *grads,
                         float *const *firsts, float *const *seconds) {
  for (int n = 0; n < count; n++) {
    float *restrict p = params[n];
    float *restrict m = firsts[n];
    float *restrict v = seconds[n];
    const float *restrict grad = grads[n];
    for (int i = 0; i < sizes[n]; i++) {
      const float g = grad[i] + s->decay * p[i];
      m[i] += s->first * (g - m[i]);
      v[i] += s->second * (g * g - v[i]);
      const float scale = __builtin_sqrtf(v[i]) / s->root + s->eps;
      p[i] = p[i] * s->shrink - s->step * m[i] / scale;
    }
  }
}

/* --- Tables ---------------------------------------------------------------------- */

/* Add row r of (rows, size) to row ids[r] of the table; ids may repeat. */
EXPORT void tt_scatter_add(int rows, int size, float *restrict table, const int *ids,
                           const float *restrict values) {
  for (int r = 0; r < rows; r++, values += size) {
    float *out = table + (long)ids[r] * size;
    for (int i = 0; i < size; i++) out[i] += values[i];
  }
}
