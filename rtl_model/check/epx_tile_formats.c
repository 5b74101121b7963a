/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_tile_formats.h"

#include <stdio.h>

#include "epx_softmax.h"

typedef struct list_t {
  epx_code_format_t *format;
  size_t count;
} list_t;

/* A Q-format, and how the tile takes it (""). */
static void add(list_t *list, const char *array, epx_qformat_t format, const char *as,
                const char *keys) {
  char text[EPX_QFORMAT_TEXT_SIZE];
  epx_code_format_t *to = &list->format[list->count++];
  snprintf(to->array, sizeof to->array, "%s", array);
  snprintf(to->format, sizeof to->format, "%s%s", epx_qformat_print(format, text), as);
  to->keys = keys;
}

static void add_sums(list_t *list, const char *array, int fraction, const char *keys) {
  epx_code_format_t *to = &list->format[list->count++];
  snprintf(to->array, sizeof to->array, "%s", array);
  snprintf(to->format, sizeof to->format, "sums of fraction %d", fraction);
  to->keys = keys;
}

static void add_drives(const epx_tile_setup_t *setup, list_t *list) {
  static const char *const lines[] = {"x", "pre"}, *const posts[] = {"post", "term_post"};
  const epx_chip_t *chip = &setup->chip;
  const bool first = setup->place.layer == 0, readout = setup->role == EPX_ROLE_READOUT;
  for (int i = 0; i < 2; ++i) {
    add(list, lines[i], first ? chip->input : chip->state, first ? " plus its lowest code" : "",
        first ? "chip.input" : "chip.state");
    if (readout) {
      add_sums(list, posts[i], EPX_SOFTMAX_FRACTION, "the softmax unit");
    } else {
      add(list, posts[i], chip->state, "", "chip.state");
    }
  }
}

size_t epx_tile_formats(const epx_tile_setup_t *setup,
                        epx_code_format_t formats[EPX_TILE_FORMATS]) {
  static const char synapse_keys[] = "chip.synapse.format",
                    shadow_keys[] = "chip.synapse.format, chip.synapse.shadow_bits";
  const epx_chip_t *chip = &setup->chip;
  const epx_qformat_t synapse = epx_chip_synapse(chip, setup->place.layer);
  const epx_qformat_t line = setup->place.layer == 0 ? chip->input : chip->state;
  const int product = line.fraction_bits + synapse.fraction_bits;
  list_t list = {formats, 0};
  add(&list, "weight", synapse, "", synapse_keys);
  add(&list, "expect.weight", synapse, "", synapse_keys);
  add(&list, "shadow", setup->weight_circuit.shadow_format, "", shadow_keys);
  add(&list, "expect.shadow", setup->weight_circuit.shadow_format, "", shadow_keys);
  add(&list, "velocity", chip->velocity, "", "chip.velocity");
  add(&list, "expect.velocity", chip->velocity, "", "chip.velocity");
  add(&list, "bias", chip->bias, "", "chip.bias");
  add(&list, "expect.bias", chip->bias, "", "chip.bias");
  add(&list, "bias_velocity", chip->velocity, "", "chip.velocity");
  add(&list, "expect.bias_velocity", chip->velocity, "", "chip.velocity");
  add_drives(setup, &list); /* sums last: their fractions follow from the formats above */
  add_sums(&list, "psum_in", product, "the formats of the codes and of the synapses");
  if (setup->role == EPX_ROLE_STATES) {
    add_sums(&list, "operand", product + setup->forward_shift,
             "the formats of the layer's synapses and of those above");
    add(&list, "expect.state", chip->state, "", "chip.state");
  }
  return list.count;
}
