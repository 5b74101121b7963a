/* SPDX-License-Identifier: Apache-2.0 */
/* Both solvers against ngspice: a netlist of every resistor, solved by another program. Rows and
 * columns differ in number and in resistance, so that an exchange of the two cannot pass. */
#include <cstdio>
#include <fstream>
#include <sstream>

#include "rtl_model/array/wires/wires_support.h"
#include "temporary_folder.h"

namespace {

/* Operating point of `netlist` driven with volts: what the 0 V sources at the sensors measure. */
Values spice_amps(const Netlist &netlist, const Values &volts) {
  const Folder folder;
  const std::string file = folder / "array.cir";
  std::ofstream out(file);
  out.precision(17);
  out << "crossbar array\n.options reltol=1e-12 abstol=1e-20 vntol=1e-16 pivrel=1e-3\n";
  for (size_t k = 0; k < netlist.resistors.size(); ++k) {
    const auto &r = netlist.resistors[k];
    out << "r" << k << " n" << r.a << " n" << r.b << " " << static_cast<double>(1 / r.siemens)
        << "\n";
  }
  for (size_t k = 0; k < volts.size(); ++k) {
    out << "vd" << k << " n" << netlist.sources[k] << " 0 " << volts[k] << "\n";
  }
  for (size_t k = 0; k < netlist.sensors.size(); ++k) {
    out << "vs" << k << " n" << netlist.sensors[k] << " 0 0\n";
  }
  out << ".control\nset numdgt=16\nop\n";
  for (size_t k = 0; k < netlist.sensors.size(); ++k) out << "print i(vs" << k << ")\n";
  out << "quit\n.endc\n.end\n";
  out.close();

  Values amps(netlist.sensors.size(), NAN);
  std::string log;
  FILE *pipe = popen(("'" EPX_NGSPICE "' -b '" + file + "' 2>&1 </dev/null").c_str(), "r");
  char line[512];
  while (pipe != nullptr && fgets(line, sizeof line, pipe) != nullptr) {
    size_t index;
    double value;
    if (sscanf(line, "i(vs%zu) = %lf", &index, &value) == 2 && index < amps.size()) {
      amps[index] = value;
    }
    log += line;
  }
  EXPECT_TRUE(pipe != nullptr && pclose(pipe) == 0) << log;
  EXPECT_FALSE(std::any_of(amps.begin(), amps.end(), [](double x) { return std::isnan(x); }))
      << log;
  return amps;
}

/* Expects both solvers to agree with ngspice on a random array and vector. */
void compare(const epx_wires_t &w, double ron) {
  SCOPED_TRACE(text(w));
  WiresRandom random;
  const Values g = random.cells(w, 0.01 / ron, 1 / ron), volts = random.volts(epx_wires_inputs(&w));
  const Values expected = spice_amps(Netlist(w, g), volts);
  const Values exact = exact_amps(w, g, volts);
  Values amps(exact.size(), NAN);
  epx_error_t error = {};
  const epx_wires_limits_t limits = {1e-9, 0};
  const Fast fast = make_fast(w, g);
  ASSERT_EQ(
      epx_wires_fast_solve(fast.get(), &limits, 1, volts.data(), amps.data(), nullptr, &error),
      EPX_OK)
      << error.message;
  const double exact_error = difference(exact.data(), expected);
  std::printf("%s: exact within %.1e of ngspice, fast %.1e\n", text(w).c_str(), exact_error,
              difference(amps.data(), expected));
  EXPECT_LE(exact_error, 1e-10);
  EXPECT_LE(difference(amps.data(), expected), 1.1e-9);
}

TEST(WiresSpice, ResistanceAlongRowsOnly) {
  compare({8, 19, 20, 0, 0, 0, EPX_WIRES_FORWARD}, 10e3);
  compare({19, 8, 20, 0, 130, 0, EPX_WIRES_FORWARD}, 10e3);
}

TEST(WiresSpice, ResistanceAlongColumnsOnly) {
  compare({8, 19, 0, 20, 0, 0, EPX_WIRES_FORWARD}, 10e3);
  compare({19, 8, 0, 20, 0, 70, EPX_WIRES_FORWARD}, 10e3);
}

TEST(WiresSpice, BothWithTerminals) {
  compare({12, 29, 3, 17, 130, 70, EPX_WIRES_FORWARD}, 10e3);
  compare({32, 21, 17, 3, 130, 70, EPX_WIRES_FORWARD}, 240e3);
}

TEST(WiresSpice, BackwardReads) {
  compare({11, 24, 20, 0, 0, 0, EPX_WIRES_BACKWARD}, 10e3);
  compare({11, 24, 0, 20, 0, 0, EPX_WIRES_BACKWARD}, 10e3);
  compare({31, 14, 3, 17, 130, 70, EPX_WIRES_BACKWARD}, 10e3);
  compare({14, 31, 3, 17, 130, 70, EPX_WIRES_BACKWARD_SHARED}, 10e3);
}

}  // namespace
