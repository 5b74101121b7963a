/* SPDX-License-Identifier: Apache-2.0 */
/* A set that needs no download: one textured shape over a cluttered ground, 3x32x32, ten classes.
 *
 * The class is the pair (shape, texture) of epx_generated_classes. Place, size, colours, the sign
 * of the texture's contrast, its phase, the ground's gradient, clutter strokes and noise are drawn
 * anew for each image; a class tints its figure a little. A linear classifier, which sees little
 * but the tint, stays far behind a small convolutional network. Integer arithmetic only: a seed
 * gives the same bytes on any machine. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_dataset_internal.h"
#include "epx_random.h"

enum {
  EPX_GENERATED_SIDE = 32,
  EPX_GENERATED_CLASSES = 10,
  EPX_GENERATED_LIMIT = 1000000, /* images in a part */
  EPX_GENERATED_UNIT = 16,       /* coordinates are in 1/16 pixel */
  EPX_GENERATED_SAMPLES = 4,     /* 2x2 points a pixel soften the outline */
  EPX_GENERATED_STROKES = 2,
  EPX_GENERATED_TURN = 48, /* a texture turns by up to 48/256: 10.6 degrees */
  EPX_GENERATED_NOISE = 24 /* half-width of the noise's triangular distribution, in levels */
};

typedef enum epx_shape_t { EPX_SHAPE_SOLID, EPX_SHAPE_RING } epx_shape_t;
typedef enum epx_texture_t {
  EPX_TEXTURE_ROWS,
  EPX_TEXTURE_COLUMNS,
  EPX_TEXTURE_RISING,
  EPX_TEXTURE_FALLING,
  EPX_TEXTURE_CHECKS
} epx_texture_t;

static const struct {
  epx_shape_t shape;
  epx_texture_t texture;
} epx_generated_classes[EPX_GENERATED_CLASSES] = {
    {EPX_SHAPE_SOLID, EPX_TEXTURE_ROWS},   {EPX_SHAPE_SOLID, EPX_TEXTURE_COLUMNS},
    {EPX_SHAPE_SOLID, EPX_TEXTURE_RISING}, {EPX_SHAPE_SOLID, EPX_TEXTURE_FALLING},
    {EPX_SHAPE_SOLID, EPX_TEXTURE_CHECKS}, {EPX_SHAPE_RING, EPX_TEXTURE_ROWS},
    {EPX_SHAPE_RING, EPX_TEXTURE_COLUMNS}, {EPX_SHAPE_RING, EPX_TEXTURE_RISING},
    {EPX_SHAPE_RING, EPX_TEXTURE_FALLING}, {EPX_SHAPE_RING, EPX_TEXTURE_CHECKS},
};

/* The direction in which a texture varies, in 1/256; 181 / 256 is the cosine of 45 degrees. Checks
 * vary at right angles to it too. */
static const int epx_generated_directions[][2] = {
    [EPX_TEXTURE_ROWS] = {0, 256},     [EPX_TEXTURE_COLUMNS] = {256, 0},
    [EPX_TEXTURE_RISING] = {181, 181}, [EPX_TEXTURE_FALLING] = {181, -181},
    [EPX_TEXTURE_CHECKS] = {256, 0},
};

/* What a class adds to its figure's mean colour, in levels: a weak cue that a linear classifier
 * sees too, below the spread of the colours themselves. */
static const int epx_generated_tints[EPX_GENERATED_CLASSES][3] = {
    {30, 0, -30}, {-30, 30, 0},  {0, -30, 30},  {30, -30, 0},  {-30, 0, 30},
    {0, 30, -30}, {30, 30, -30}, {-30, 30, 30}, {30, -30, 30}, {-30, -30, -30},
};

/* Everything drawn for one image. Lengths in 1/16 pixel, colours in levels 0 .. 255. */
typedef struct epx_scene_t {
  epx_shape_t shape;
  epx_texture_t texture;
  int x, y, radius;
  int across_x, across_y;    /* direction in which the texture varies, in 1/256 */
  int period, phase, phase2; /* of the texture's waves */
  int ground[3], figure[3];  /* mean colours */
  int swing[3];              /* the texture's contrast, signed */
  int tilt_x[3], tilt_y[3];  /* the ground's gradient: levels across the image */
  struct {
    int x, y, half_width, half_height, colour[3];
  } strokes[EPX_GENERATED_STROKES];
} epx_scene_t;

/* A sequence of draws from one key. */
typedef struct epx_draws_t {
  uint64_t key, counter;
} epx_draws_t;

/* Uniform in low .. high. */
static int epx_draw(epx_draws_t *draws, int low, int high) {
  return low + (int)epx_random_below(draws->key, draws->counter++, (uint32_t)(high - low + 1));
}

static int epx_draw_sign(epx_draws_t *draws) {
  return epx_draw(draws, 0, 1) ? 1 : -1;
}

static void epx_generated_compose(int label, epx_draws_t *draws, epx_scene_t *scene) {
  const int side = EPX_GENERATED_SIDE * EPX_GENERATED_UNIT, middle = side / 2;
  scene->shape = epx_generated_classes[label].shape;
  scene->texture = epx_generated_classes[label].texture;
  int turn = epx_draw(draws, -EPX_GENERATED_TURN, EPX_GENERATED_TURN);
  const int *across = epx_generated_directions[scene->texture];
  scene->across_x = across[0] - across[1] * turn / 256;
  scene->across_y = across[1] + across[0] * turn / 256;
  scene->radius = epx_draw(draws, 140, 205);
  scene->x = middle + epx_draw(draws, -80, 80);
  scene->y = middle + epx_draw(draws, -80, 80);
  scene->period = epx_draw(draws, 56, 92);
  scene->phase = epx_draw(draws, 0, scene->period - 1);
  scene->phase2 = epx_draw(draws, 0, scene->period - 1);
  int sign = epx_draw_sign(draws);
  for (int c = 0; c < 3; c++) {
    scene->ground[c] = epx_draw(draws, 60, 195);
    scene->figure[c] = epx_draw(draws, 88, 167) + epx_generated_tints[label][c];
    scene->swing[c] = sign * epx_draw(draws, 32, 80);
    scene->tilt_x[c] = epx_draw(draws, -40, 40);
    scene->tilt_y[c] = epx_draw(draws, -40, 40);
  }
  for (int s = 0; s < EPX_GENERATED_STROKES; s++) {
    bool upright = epx_draw(draws, 0, 1) == 1;
    int thin = epx_draw(draws, 8, 24), along = epx_draw(draws, 30, 110);
    scene->strokes[s].x = epx_draw(draws, 0, side - 1);
    scene->strokes[s].y = epx_draw(draws, 0, side - 1);
    scene->strokes[s].half_width = upright ? thin : along;
    scene->strokes[s].half_height = upright ? along : thin;
    for (int c = 0; c < 3; c++) scene->strokes[s].colour[c] = epx_draw(draws, 30, 225);
  }
}

static bool epx_generated_inside(const epx_scene_t *scene, int x, int y) {
  int dx = x - scene->x, dy = y - scene->y, r = scene->radius;
  int square = dx * dx + dy * dy;
  if (square > r * r) return false;
  return scene->shape == EPX_SHAPE_SOLID || 4 * square > r * r;
}

/* A triangle wave of the coordinate: -256 .. 256. */
static int epx_generated_wave(int at, int phase, int period) {
  int within = (at + phase) % period;
  if (within < 0) within += period;
  int rise = 2 * within < period ? within : period - within; /* 0 .. period / 2 */
  return rise * 1024 / period - 256;
}

/* -256 .. 256 but for checks, whose peaks reach twice that so that their mean contrast is equal. */
static int epx_generated_texture(const epx_scene_t *scene, int x, int y) {
  int along = (x * scene->across_x + y * scene->across_y) / 256;
  int wave = epx_generated_wave(along, scene->phase, scene->period);
  if (scene->texture != EPX_TEXTURE_CHECKS) return wave;
  int other = (y * scene->across_x - x * scene->across_y) / 256;
  return wave * epx_generated_wave(other, scene->phase2, scene->period) / 128;
}

static void epx_generated_ground(const epx_scene_t *scene, int x, int y, int colour[3]) {
  for (int c = 0; c < 3; c++) {
    int tilt = scene->tilt_x[c] * x + scene->tilt_y[c] * y;
    colour[c] = scene->ground[c] + tilt / (EPX_GENERATED_SIDE * EPX_GENERATED_UNIT);
  }
  for (int s = 0; s < EPX_GENERATED_STROKES; s++) {
    if (abs(x - scene->strokes[s].x) <= scene->strokes[s].half_width &&
        abs(y - scene->strokes[s].y) <= scene->strokes[s].half_height) {
      memcpy(colour, scene->strokes[s].colour, sizeof scene->strokes[s].colour);
    }
  }
}

/* Adds the colour at one point of a pixel. */
static void epx_generated_sample(const epx_scene_t *scene, int x, int y, int sum[3]) {
  int colour[3];
  if (epx_generated_inside(scene, x, y)) {
    int wave = epx_generated_texture(scene, x, y);
    for (int c = 0; c < 3; c++) colour[c] = scene->figure[c] + scene->swing[c] * wave / 256;
  } else {
    epx_generated_ground(scene, x, y, colour);
  }
  for (int c = 0; c < 3; c++) sum[c] += colour[c];
}

/* Paints one pixel; its noise is the difference of two uniform draws for each channel. */
static void epx_generated_pixel(const epx_scene_t *scene, int row, int column, epx_draws_t *draws,
                                uint8_t *pixels) {
  enum { QUARTER = EPX_GENERATED_UNIT / 4 };
  int sum[3] = {0, 0, 0};
  for (int s = 0; s < EPX_GENERATED_SAMPLES; s++) {
    int x = column * EPX_GENERATED_UNIT + QUARTER * (1 + 2 * (s & 1));
    int y = row * EPX_GENERATED_UNIT + QUARTER * (1 + 2 * (s >> 1));
    epx_generated_sample(scene, x, y, sum);
  }
  uint64_t bits = epx_random_bits(draws->key, draws->counter++);
  for (int c = 0; c < 3; c++, bits >>= 16) {
    int noise = (int)(bits & 0xff) - (int)(bits >> 8 & 0xff);
    int level = sum[c] / EPX_GENERATED_SAMPLES + noise * EPX_GENERATED_NOISE / 255;
    level = level < 0 ? 0 : (level > 255 ? 255 : level);
    pixels[(c * EPX_GENERATED_SIDE + row) * EPX_GENERATED_SIDE + column] = (uint8_t)level;
  }
}

/* The label of image i: each block of ten images holds every class once, in a drawn order. */
static uint8_t epx_generated_label(uint64_t key, int index) {
  uint32_t order[EPX_GENERATED_CLASSES];
  uint64_t block = (uint64_t)(index / EPX_GENERATED_CLASSES);
  epx_dataset_shuffle(order, EPX_GENERATED_CLASSES, epx_random_key(key, block));
  return (uint8_t)order[index % EPX_GENERATED_CLASSES];
}

static void epx_generated_paint(epx_dataset_t *part, uint64_t key) {
  const uint64_t labels = epx_random_key(key, 0), images = epx_random_key(key, 1);
  const size_t size = (size_t)3 * EPX_GENERATED_SIDE * EPX_GENERATED_SIDE;
  for (int i = 0; i < part->count; i++) {
    part->labels[i] = epx_generated_label(labels, i);
    epx_draws_t draws = {epx_random_key(images, (uint64_t)i), 0};
    epx_scene_t scene;
    epx_generated_compose(part->labels[i], &draws, &scene);
    for (int row = 0; row < EPX_GENERATED_SIDE; row++) {
      for (int column = 0; column < EPX_GENERATED_SIDE; column++) {
        epx_generated_pixel(&scene, row, column, &draws, part->pixels + i * size);
      }
    }
  }
}

static epx_status_t epx_generated_part(uint64_t seed, uint64_t purpose, const char *name, int count,
                                       epx_dataset_t **part, epx_error_t *error) {
  epx_status_t status = epx_dataset_allocate(count, 3, EPX_GENERATED_SIDE, EPX_GENERATED_SIDE,
                                             EPX_GENERATED_CLASSES, part, error);
  if (status != EPX_OK) return status;
  epx_generated_paint(*part, epx_random_key(seed, purpose));
  snprintf((*part)->name, sizeof(*part)->name, "generated %s", name);
  snprintf((*part)->source, sizeof(*part)->source, "generated, seed %" PRIu64, seed);
  epx_dataset_seal(*part);
  return EPX_OK;
}

epx_status_t epx_generated_open(const epx_data_config_t *config, epx_dataset_t **train,
                                epx_dataset_t **test, epx_error_t *error) {
  if (config->train_count < 1 || config->train_count > EPX_GENERATED_LIMIT ||
      config->test_count < 1 || config->test_count > EPX_GENERATED_LIMIT) {
    return epx_fail(
        error, EPX_ERR_ARGUMENT,
        "data: train_count %d and test_count %d of the generated set, expected 1 to %d.",
        config->train_count, config->test_count, EPX_GENERATED_LIMIT);
  }
  int training = epx_dataset_limited(config->train_count, config->train_limit);
  int testing = epx_dataset_limited(config->test_count, config->test_limit);
  epx_dataset_t *first = NULL, *second = NULL;
  epx_status_t status = epx_generated_part(config->seed, 1, "train", training, &first, error);
  if (status == EPX_OK) {
    status = epx_generated_part(config->seed, 2, "test", testing, &second, error);
  }
  if (status != EPX_OK) {
    epx_dataset_destroy(first);
    return status;
  }
  *train = first;
  *test = second;
  return EPX_OK;
}
