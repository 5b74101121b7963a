// SPDX-License-Identifier: Apache-2.0
// Technology files (numbers as published, scaled; errors that name their place) and the priced
// account.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "epx_cost.h"
#include "rtl_model/time/account_support.h"
#include "rtl_model/twin/twin_support.h"
#include "temporary_folder.h"

namespace {

const std::string shipped = EPX_SOURCE_DIR "/configs/technologies/32nm.yaml";

epx_technology_t read_shipped() {
  epx_technology_t technology = {};
  epx_error_t error = {};
  EXPECT_EQ(epx_technology_read(shipped.c_str(), &technology, &error), EPX_OK) << error.message;
  return technology;
}

// The shipped file with one text replaced, read again; `line`: of the replacement.
struct Spoiled {
  epx_status_t status;
  std::string message, place;
};

std::string shipped_text() {
  std::ifstream file(shipped);
  std::stringstream buffer;
  buffer << file.rdbuf();
  return buffer.str();
}

void replace(std::string *text, const std::string &from, const std::string &to) {
  const size_t at = text->find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text->replace(at, from.size(), to);
}

const Folder folder;

Spoiled read_spoiled(const std::string &from, const std::string &to) {
  std::string text = shipped_text();
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(at), '\n');
  text.replace(at, from.size(), to);
  const std::string path = testing::TempDir() + "epx_tech_" + std::to_string(getpid()) + ".yaml";
  std::ofstream(path) << text;
  epx_technology_t technology = {};
  technology.node_nm = -1.0;
  epx_error_t error = {};
  const epx_status_t status = epx_technology_read(path.c_str(), &technology, &error);
  EXPECT_TRUE(status == EPX_OK || technology.node_nm == -1.0) << "untouched on failure";
  std::remove(path.c_str());
  return {status, error.message, path + ":" + std::to_string(line) + ":"};
}

TEST(Technology, scales_published_numbers_to_its_node) {
  const epx_technology_t t = read_shipped();
  // Stillmaker & Baas at 0.9 V: 32 nm over 45 nm, worked out by hand: 0.457137 / 0.69885.
  const double factor = 0.457137 / 0.69885;
  EXPECT_NEAR(t.value[EPX_TECH_ADD].pj, 0.1 * factor, 1e-7);
  EXPECT_NEAR(t.value[EPX_TECH_ADD].high, 0.2 * factor, 1e-7);
  EXPECT_NEAR(t.value[EPX_TECH_SRAM].pj, 10.0 / 64.0 * factor, 1e-6);
  EXPECT_NEAR(t.value[EPX_TECH_FULL_ADDER].low, 0.015 / 8.0 * factor, 1e-8);
  // At 32 nm already: power times time over count.
  EXPECT_DOUBLE_EQ(t.value[EPX_TECH_LINE_DRIVER].pj, 4.0 / 1024.0);
  EXPECT_DOUBLE_EQ(t.value[EPX_TECH_SHIFT_ADD].pj, 0.05);
  EXPECT_DOUBLE_EQ(t.value[EPX_TECH_CELL_READ_ANALOG].pj, 1.83e-3);
  EXPECT_DOUBLE_EQ(t.value[EPX_TECH_EDRAM].pj, 20.45 / 256.0);
  const std::string source = t.value[EPX_TECH_ADD].source;
  for (const char *part : {"0.1 pJ", "45 nm", "0.9 V", "0.654", "Horowitz"}) {
    EXPECT_NE(source.find(part), std::string::npos) << part << " in " << source;
  }
  for (const epx_tech_value_t &value : t.value) {
    EXPECT_LE(value.low, value.pj);
    EXPECT_LE(value.pj, value.high);
    EXPECT_GT(value.pj, 0.0);
  }
}

double adc_pj(const epx_technology_t &t, epx_converter_kind_t kind, int bits, double rate) {
  epx_tech_value_t value = {};
  epx_error_t error = {};
  EXPECT_EQ(epx_technology_adc(&t, kind, bits, rate, &value, &error), EPX_OK) << error.message;
  EXPECT_LE(value.low, value.pj);
  EXPECT_LE(value.pj, value.high);
  return value.pj;
}

std::string adc_refusal(const epx_technology_t &t, epx_converter_kind_t kind, int bits,
                        double rate) {
  epx_tech_value_t value = {};
  epx_error_t error = {};
  EXPECT_EQ(epx_technology_adc(&t, kind, bits, rate, &value, &error), EPX_ERR_UNSUPPORTED);
  return error.message;
}

// The kind and the bits of a converter decide: SAR by Saberi's numbers, ramps by their steps.
TEST(Technology, converters_cost_by_kind_and_bits) {
  const epx_technology_t t = read_shipped();
  const double saberi[] = {.79, .99, 1.20, 1.42, 1.67, 1.97, 2.38};  // 4 to 10 bits
  for (int bits = 4; bits <= 10; ++bits) {
    EXPECT_DOUBLE_EQ(adc_pj(t, EPX_CONVERTER_SAR, bits, 1e9 / bits), saberi[bits - 4]);
  }
  for (int bits = 2; bits <= EPX_CONVERTER_MAX_BITS; ++bits) {
    EXPECT_GT(adc_pj(t, EPX_CONVERTER_SAR, bits, 1e8), adc_pj(t, EPX_CONVERTER_SAR, bits - 1, 1e8));
    EXPECT_NEAR(adc_pj(t, EPX_CONVERTER_RAMP, bits, 1e6),
                2.0 * adc_pj(t, EPX_CONVERTER_RAMP, bits - 1, 1e6), 1e-12);
  }
  EXPECT_GT(adc_pj(t, EPX_CONVERTER_RAMP, 8, 1e6), adc_pj(t, EPX_CONVERTER_SAR, 8, 1e6));
  EXPECT_NE(adc_refusal(t, EPX_CONVERTER_SAR, 17, 1e8).find("adc_sar.rows: found 17 bits"),
            std::string::npos);
  EXPECT_NE(adc_refusal(t, EPX_CONVERTER_SAR, 8, 1e10).find("adc_sar.rate: found 10000 MS/s"),
            std::string::npos);
}

TEST(Technology, the_regression_gives_the_known_point_and_keeps_to_its_domain) {
  const std::string path = folder / "regression.yaml";
  std::string text = shipped_text();
  const size_t from = text.find("adc_sar:\n"), to = text.find("adc_ramp:\n");
  ASSERT_NE(from, std::string::npos);
  text.replace(from, to - from,
               "adc_sar:\n  {law: regression, rail: core, low: 0.5, high: 2, bits: [4, 14],\n"
               "   rate: [0.01, 1500], nodes: [7, 180], source: \"Murmann's survey\"}\n");
  std::ofstream(path) << text;
  epx_technology_t t;
  epx_error_t error = {};
  ASSERT_EQ(epx_technology_read(path.c_str(), &t, &error), EPX_OK) << error.message;
  EXPECT_NEAR(adc_pj(t, EPX_CONVERTER_SAR, 8, 1e9), 1.71, 0.005);
  for (int bits = 5; bits <= 14; ++bits) {
    EXPECT_GT(adc_pj(t, EPX_CONVERTER_SAR, bits, 1e9), adc_pj(t, EPX_CONVERTER_SAR, bits - 1, 1e9));
  }
  for (const int bits : {3, 15, 16}) {
    const std::string message = adc_refusal(t, EPX_CONVERTER_SAR, bits, 1e9);
    EXPECT_NE(message.find("adc_sar.bits: found " + std::to_string(bits)), std::string::npos)
        << message;
    EXPECT_EQ(message.rfind(path + ":", 0), 0u) << message;
  }
}

// Within its supplies a node's energy rises with the supply; outside there is none.
TEST(Technology, energy_rises_with_the_supply_at_every_node) {
  const int nodes[] = {180, 130, 90, 65, 45, 32, 20, 16, 14, 10, 7};
  for (const int node : nodes) {
    double before = 0.0;
    int accepted = 0;
    for (int step = 1; step <= 60; ++step) {
      const double supply = 0.05 * step;
      std::string text = shipped_text();
      replace(&text, "node: 32\nsupply: 0.9",
              "node: " + std::to_string(node) + "\nsupply: " + std::to_string(supply));
      const std::string path = folder / "node.yaml";
      std::ofstream(path) << text;
      epx_technology_t t;
      epx_error_t error = {};
      if (epx_technology_read(path.c_str(), &t, &error) != EPX_OK) {
        EXPECT_NE(std::string(error.message).find("technology.supply: found"), std::string::npos)
            << error.message;
        continue;
      }
      ++accepted;
      EXPECT_GT(t.value[EPX_TECH_ADD].pj, before) << node << " nm, " << supply << " V";
      before = t.value[EPX_TECH_ADD].pj;
      // What the core does not feed stays as published.
      EXPECT_DOUBLE_EQ(t.value[EPX_TECH_DRAM].pj, 3.9);
      EXPECT_DOUBLE_EQ(t.value[EPX_TECH_CELL_WRITE_ANALOG].pj, 290.0 / 16384.0);
      EXPECT_DOUBLE_EQ(t.value[EPX_TECH_CELL_READ_ANALOG].pj, 1.83e-3);
    }
    EXPECT_GE(accepted, 8) << node;
  }
}

// A row of one's own is printed with its own source, not with that of the others.
TEST(Technology, a_row_has_its_own_source) {
  std::string text = shipped_text();
  replace(&text, "node: 32\nsupply: 0.9", "node: 28\nsupply: 0.9");
  replace(&text, "scaling:\n",
          "scaling:\n  - {node: 28, process: HP, supply: [0.4, 1.1], b2: 0.7, b1: -0.3, b0: 0.12, "
          "source: \"our own fit\"}\n");
  const std::string path = folder / "own.yaml";
  std::ofstream(path) << text;
  epx_technology_t t;
  epx_error_t error = {};
  ASSERT_EQ(epx_technology_read(path.c_str(), &t, &error), EPX_OK) << error.message;
  EXPECT_NE(std::string(t.value[EPX_TECH_ADD].source).find("28 nm: our own fit"), std::string::npos)
      << t.value[EPX_TECH_ADD].source;
  EXPECT_NE(std::string(t.value[EPX_TECH_ADD].source).find("45 nm: Stillmaker"), std::string::npos);
  EXPECT_EQ(std::string(t.value[EPX_TECH_DRAM].source).find("Stillmaker"), std::string::npos);
}

TEST(Technology, faults_are_named_with_their_place) {
  const struct {
    const char *from, *to, *word;
  } cases[] = {
      {"node: 32\n", "node: none\n", "technology.node"},
      {"node: 32\n", "node: -3\n", "[1, 1000]"},
      {"shift_add:\n", "shift_ad:\n", "did you mean shift_add"},
      {"{value: 0.2, low: 0.1, high: 0.4, unit: mW", "{value: 0.2, low: 0.3, high: 0.4, unit: mW",
       "shift_add.low"},
      {"{value: 3.1, low: 1.5, high: 6.2, unit: pJ", "{value: 3.1, low: 1.5, high: 6.2, unit: kJ",
       "expected pJ or mW"},
      {"{value: 3.1, low: 1.5, high: 6.2, unit: pJ, node: 45",
       "{value: 3.1, low: 1.5, high: 6.2, unit: pJ, node: 44", "44 nm"},
      {"{value: 3.1, low: 1.5, high: 6.2, unit: pJ, node", "{low: 1.5, high: 6.2, unit: pJ, node",
       "value is missing"},
      {"{law: table", "{law: guess", "adc_ideal.law"},
      {"adc_sar:\n", "adc:\n", "expected adc_ideal, adc_sar and adc_ramp"},
      {"[5, 0.99]", "[5, 0.5]", "energies above 0 that rise"},
      {"b2: 24.64", "b3: 24.64", "unknown key b3"},
      {"supply: [0.3, 1.1], b2: 0.8367", "supply: [0.1, 1.1], b2: 0.8367", "here from 0.259 V"},
      {"node: 45, process: HP", "node: 45, process: LP", "scaling.process"},
      {"supply: 0.9\n", "supply: 0.1\n", "technology.supply: found 0.1 V; expected 0.3 to 1.1 V"},
      {"rail: dram, scaling: none", "rail: dram, scaling: core", "dram_bit.scaling"},
      {"rail: write, scaling: none", "rail: write",
       "cell_write_analog: found a price without scaling"},
      {"low: 3.9, high: 40", "low: -3.9, high: 40", "dram_bit.low"},
      {"low: 3.9, high: 40", "low: 3.9, high: .nan", "dram_bit.high"},
      {"{value: 20.45,", "{value: 20.45, time: 3,", "edram_bit.time"},
      // Numbers that are no price: zero, negative, not finite; a range that does not hold its
      // value.
      {"{value: 3.9,", "{value: 0,", "dram_bit.value"},
      {"{value: 3.9,", "{value: -3.9,", "dram_bit.value"},
      {"{value: 3.9,", "{value: .inf,", "dram_bit.value"},
      {"low: 3.9, high: 40", "low: 0, high: 40", "dram_bit.low"},
      {"low: 3.9, high: 40", "low: 3.9, high: 3", "dram_bit.high"},
      {"per: 120,", "per: 0,", "cell_read_digital.per"},
      {"low: 0.2, high: 5", "low: 1.5, high: 5", "adc_ramp.low"},
      {"low: 0.2, high: 5", "low: 0.2, high: 0.5", "adc_ramp.high"},
      {"rate: [0.00001, 2000]", "rate: [2000, 1]", "adc_ramp.rate"},
      {"rate: [0.00001, 2000]", "rate: 2000", "adc_ramp.rate"},
      {"bits: [1, 16]", "bits: [0, 16]", "adc_ramp.bits"},
      // Prices and rows say where they are from, which rail pays, and for which supplies they hold.
      {"source: \"ISAAC (ISCA 2016): router, one hop\"", "source: \"\"", "router_bit.source"},
      {",\n   source: \"ISAAC (ISCA 2016): router, one hop\"}", "}", "the key source is missing"},
      {"rail: dram, scaling: none", "scaling: none", "dram_bit: found a price without rail"},
      {"rail: dram, scaling: none", "rail: io, scaling: none", "dram_bit.rail"},
      {"{node: 7, process: HP,", "{node: 7,", "process is missing"},
      {"{node: 7, process: HP,", "{node: 10, process: HP,", "a second row for 10 nm"},
      {"supply: [0.3, 0.85]", "supply: [0.85, 0.3]", "scaling.supply"},
      {"node: 32\n", "node: 28\n", "technology.node: found 28 nm"},
  };
  for (const auto &c : cases) {
    const Spoiled spoiled = read_spoiled(c.from, c.to);
    EXPECT_EQ(spoiled.status, EPX_ERR_CONFIG) << c.to;
    EXPECT_NE(spoiled.message.find(c.word), std::string::npos) << spoiled.message;
    EXPECT_EQ(spoiled.message.rfind(spoiled.place, 0), 0u) << spoiled.message;
  }
  epx_technology_t technology;
  epx_error_t error = {};
  EXPECT_EQ(epx_technology_read("/nonexistent/32nm.yaml", &technology, &error), EPX_ERR_NOT_FOUND);
}

epx_chip_t default_chip(epx_array_kind_t kind) {
  epx_chip_t chip = make_chip();
  chip.array_kind = kind;
  return chip;
}

// Each counter alone: some line must charge it, and nothing is charged twice under one name.
TEST(Cost, every_event_has_its_price) {
  const epx_technology_t technology = read_shipped();
  for (const epx_array_kind_t kind : {EPX_ARRAY_DIGITAL, EPX_ARRAY_ANALOG}) {
    const epx_chip_t chip = default_chip(kind);
    for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
      const std::string name = epx_event_rows()[i].name;
      if (name == (kind == EPX_ARRAY_DIGITAL ? "adc_conversions" : "tree_bits")) {
        continue;  // this array has none
      }
      epx_account_t account = {};
      const epx_events_t *events = &account.inference;
      auto *bytes = reinterpret_cast<char *>(const_cast<epx_events_t *>(events));
      *reinterpret_cast<uint64_t *>(bytes + epx_event_rows()[i].offset) = 3;
      static epx_cost_t cost;
      EXPECT_EQ(epx_cost_of(&account, &chip, 2, &technology, &cost, nullptr), EPX_OK);
      EXPECT_EQ(cost.inference.lines, name == "adc_conversions" ? 2 : 1) << name;
      EXPECT_EQ(cost.inference.line[0].events, 3.0) << name;
      EXPECT_STREQ(cost.inference.line[0].unit, epx_event_rows()[i].unit);
      EXPECT_GT(cost.inference.energy_uj, 0.0) << name;
      EXPECT_GT(std::string(cost.inference.line[0].source).size(), 20u) << name;
      EXPECT_EQ(cost.training.lines, 0) << name;
    }
  }
}

TEST(Cost, totals_are_the_sums_of_their_lines) {
  epx_network_t network = {};
  network.input[0] = 3;
  network.input[1] = network.input[2] = 32;
  network.layer_count = 2;
  network.layers[0] = {EPX_LAYER_CONV, 16, 3, 1, 1, EPX_POOL_MAX};
  network.layers[1] = {EPX_LAYER_CONV, 32, 3, 1, 1, EPX_POOL_MAX};
  network.classes = 10;
  network.loss = EPX_LOSS_CROSS_ENTROPY;
  const epx_dynamics_t dynamics = {20, 8};
  const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, 0.5};
  for (const epx_array_kind_t kind : {EPX_ARRAY_DIGITAL, EPX_ARRAY_ANALOG}) {
    const epx_chip_t chip = default_chip(kind);
    static epx_cost_t cost;
    epx_error_t error = {};
    const epx_technology_t technology = read_shipped();
    static epx_account_t account;
    ASSERT_EQ(
        account_with_plan(&network, &chip, &dynamics, &estimator, 32, nullptr, &account, &error),
        EPX_OK)
        << error.message;
    ASSERT_EQ(epx_cost_of(&account, &chip, 32, &technology, &cost, &error), EPX_OK)
        << error.message;
    for (const epx_cost_image_t *image : {&cost.inference, &cost.training}) {
      double energy = 0.0, low = 0.0, high = 0.0, cycles = 0.0;
      for (int i = 0; i < image->lines; ++i) {
        const epx_cost_line_t &line = image->line[i];
        EXPECT_LT(std::string(line.source).size(), size_t{EPX_COST_SOURCE_SIZE - 1}) << "cut";
        energy += line.events * line.unit_pj;
        low += line.events * line.low_pj;
        high += line.events * line.high_pj;
      }
      for (const epx_cost_part_t &part : image->part) {
        cycles += part.cycles;
      }
      EXPECT_NEAR(image->energy_uj, energy * 1e-6, 1e-9 * energy);
      EXPECT_NEAR(image->low_uj, low * 1e-6, 1e-9 * low);
      EXPECT_NEAR(image->high_uj, high * 1e-6, 1e-9 * high);
      EXPECT_LT(image->low_uj, image->energy_uj);
      EXPECT_LT(image->energy_uj, image->high_uj);
      EXPECT_DOUBLE_EQ(image->latency_us, cycles / chip.clock_mhz);
    }
    for (const bool training : {false, true}) {
      const epx_cost_image_t &image = training ? cost.training : cost.inference;
      for (int i = 0; i < image.lines; ++i) {
        double events = 0.0;
        for (int owner = 0; owner < EPX_OWNERS; ++owner) {
          for (int k = 0; k < EPX_COMMAND_KINDS; ++k) {
            events += epx_cost_events_at(&account, training, 32, owner,
                                         static_cast<epx_command_kind_t>(k), image.line[i].counter);
          }
        }
        EXPECT_NEAR(events, image.line[i].events, 1e-12 * events) << image.line[i].name;
      }
      double of_commands = 0.0;
      for (int k = 0; k < EPX_COMMAND_KINDS; ++k) {
        of_commands += account.command_cycles[k] *
                       (training ? account.training_commands[k] : account.inference_commands[k]);
      }
      EXPECT_NEAR(of_commands, image.cycles, 1e-12 * of_commands);
    }
    static epx_cost_t unpriced;
    ASSERT_EQ(epx_cost_of(&account, &chip, 32, nullptr, &unpriced, &error), EPX_OK);
    EXPECT_EQ(unpriced.training.latency_us, cost.training.latency_us);
    EXPECT_EQ(unpriced.training.lines, cost.training.lines);
    EXPECT_EQ(unpriced.training.line[0].events, cost.training.line[0].events);
    EXPECT_TRUE(std::isnan(unpriced.training.energy_uj));
    EXPECT_GT(cost.training.energy_uj, cost.inference.energy_uj * 36.0 / 20.0)
        << "36 steps against 20, and the update besides";
  }
}

// The update is shared by the batch: twice the batch, half its share, all else equal.
TEST(Cost, the_update_is_shared_by_the_batch) {
  const epx_technology_t technology = read_shipped();
  const epx_chip_t chip = default_chip(EPX_ARRAY_DIGITAL);
  epx_account_t account = {};
  account.update.update_ops = 1000;
  static epx_cost_t one, two;
  ASSERT_EQ(epx_cost_of(&account, &chip, 10, &technology, &one, nullptr), EPX_OK);
  ASSERT_EQ(epx_cost_of(&account, &chip, 20, &technology, &two, nullptr), EPX_OK);
  EXPECT_EQ(one.training.line[0].events, 100.0);
  EXPECT_NEAR(one.training.energy_uj, 2.0 * two.training.energy_uj, 1e-12);
  EXPECT_EQ(one.inference.lines, 0) << "inference updates nothing";
}

}  // namespace
