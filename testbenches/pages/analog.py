# SPDX-License-Identifier: Apache-2.0
"""Arrays that are not exact: docs/array.md, "On the chip, to the bit"."""
import copy
import math

import draws
from converters import Adcs, Dacs, Driver, levels, observed_range
from devices import READ, Device, Slice, effect
from formats import round_shift
from wires import seen


COMMAND = 0x6576656E74


class Tile:
    """One array. side 0: columns are read, 1: rows."""

    def __init__(self, config, layer, rows, units, number):
        self.config, self.rows, self.units, self.number = config, rows, units, number
        self.device = Device(config)
        per_cell, bits = config["chip.array.bits_per_cell"], layer.synapse.bits
        self.slices = [Slice(s, per_cell, bits) for s in range(-(-bits // per_cell))]
        self.dacs = [Dacs(config, 2 * number + side) for side in (0, 1)]
        self.adcs = [Adcs(config, 2 * number + side) for side in (0, 1)]
        self.lossy = config["chip.array.adc.kind"] != "ideal"
        self.counts = not (self.device.ideal and self.dacs[0].exact)  # in units of 2^-12
        self.fine = self.lossy or self.counts
        self.drivers = [Driver(config, layer.pre_bits, False),
                        Driver(config, layer.post_bits, layer.post_signed)]
        self.cell = [[[[0] * len(units) for _ in rows] for _ in self.slices] for _ in range(2)]
        self.g = [[0.0] * (len(units) * len(self.slices)) for _ in rows]
        self.variance = [[[0] * len(units) for _ in rows] for _ in self.slices]
        self.known = {}
        self.observing = False
        self.observed, self.clips, self.conversions = {}, {}, {}
        self.reaches = {line: (0, 0) for line in self.lines()}
        self.levels = {}

    def lines(self):
        """(side, slice, line): the columns, then the rows of each slice."""
        for column in range(len(self.units) * len(self.slices)):
            yield 0, column % len(self.slices), column
        for s in range(len(self.slices)):
            for row in range(len(self.rows)):
                yield 1, s, row

    def program(self, codes, written):
        columns = len(self.units) * len(self.slices)
        for r, k in enumerate(self.rows):
            for u, unit in enumerate(self.units):
                now = codes[unit][k], written[unit][k]
                if self.known.get((r, u)) == now:
                    continue
                self.known[r, u] = now
                for s, slice_ in enumerate(self.slices):
                    if not self.counts:
                        for side in range(2):
                            self.cell[side][s][r][u] = slice_.digit(now[0])
                        continue
                    cell = r * columns + u * len(self.slices) + s
                    g = self.device.conductance(self.number, slice_, cell, *now)
                    self.g[r][u * len(self.slices) + s] = g
                    for side in range(2):
                        self.cell[side][s][r][u] = self.device.count(slice_, g)
                    if self.device.read_sigma and self.device.read_kind != "independent":
                        self.variance[s][r][u] = self.device.variance(g)
        for side in range(2 if self.device.resists else 0):
            for r, row in enumerate(seen(self.g, self.config, side == 1)):
                for column, g in enumerate(row):
                    u, s = divmod(column, len(self.slices))
                    self.cell[side][s][r][u] = self.device.count(self.slices[s], g)
        if self.lossy:
            self.set_levels()

    # ---- ranges ----

    def span(self, side, s):
        """The reach by digits."""
        slice_ = self.slices[s]
        driven = len(self.units) if side else len(self.rows)
        t = ((1 << self.config["chip.array.dac.bits"]) - 1) * driven
        if slice_.last:
            return -t * (1 << (slice_.bits - 1)), t * ((1 << (slice_.bits - 1)) - 1)
        return 0, t * slice_.n

    def reach(self, side, s, line):
        reach = self.config["chip.array.adc.reach"]
        if reach == "digits":
            return self.span(side, s)
        if reach == "weights":
            cells = self.cells(side, s, line)
            unit = 4096 if self.counts else 1
            top = (1 << self.config["chip.array.dac.bits"]) - 1
            low, high = sum(c for c in cells if c < 0), sum(c for c in cells if c > 0)
            return top * (low // unit), top * -(-high // unit)
        return self.reaches[side, s, line]

    def set_levels(self):
        share, count = self.config["chip.array.adc.range"], self.adcs[0].count
        batch = self.config["chip.array.adc.reach"].startswith("batch")
        for side, s, line in self.lines():
            low, high = self.reach(side, s, line)
            found = batch and low < high
            if batch and not found:
                low, high = self.span(side, s)
            low, high = int(low * share), int(high * share)
            if found:
                spare = low + count - 1 - high
                if spare > 0:
                    least, most = self.span(side, s)
                    begin = low - spare // 2
                    begin -= max(begin + count - 1 - most, 0)
                    low = min(max(begin, least), low)
            self.levels[side, s, line] = levels(low, max(high, low + count - 1), count)

    def group(self, side, s, line):
        return (side, s, line) if self.config["chip.array.adc.reach"] == "batch_lines" else (side, s)

    def adopt(self, observed):
        """Calibration: what a copy of this tile has observed."""
        for side, s, line in self.lines():
            sums = observed.get(self.group(side, s, line))
            self.reaches[side, s, line] = (0, 0)
            if sums:
                least, most = self.span(side, s)
                low, high = observed_range(sums, (least, most),
                                           self.config["chip.array.adc.coverage"])
                more = math.ceil(self.config["chip.array.adc.headroom"] * (high - low))
                low = min(low, max(low - more, least))
                high = max(high, min(high + more, most))
                self.reaches[side, s, line] = (low, high)
        self.set_levels()

    def follow(self):
        share, moved = self.config["chip.array.adc.range"], dict(self.reaches)
        for side, s, line in self.lines():
            group = self.group(side, s, line)
            allowed = ((1.0 - self.config["chip.array.adc.coverage"]) / 2.0 *
                       self.conversions.get(group, 0))
            clips = self.clips.get(group, [0, 0])
            low, high = self.reaches[side, s, line]
            if low >= high:
                continue
            least, most = self.span(side, s)
            lowest, step = self.levels[side, s, line]
            width = step * (self.adcs[0].count - 1)
            more = 1 + width // 4 // 4096
            if clips[0] > allowed:
                low = min(low, max(math.floor((lowest // 4096 - more) / share), least))
            if clips[1] > allowed:
                high = max(high, min(math.ceil(((lowest + width) // 4096 + 1 + more) / share),
                                     most))
            moved[side, s, line] = (low, high)
        self.reaches = moved
        self.set_levels()

    # ---- products ----

    def cells(self, side, s, line, of=None):
        """Of the lines that are driven, as the line meets them."""
        cells = (of or self.cell[side])[s]
        if side:
            return cells[line]
        return [row[line // len(self.slices)] for row in cells]

    def read(self, side, s, line, digits, bits, carried, draw):
        """A line's sum in one pass."""
        slice_, cells = self.slices[s], self.cells(side, s, line)
        if carried is None:
            total = sum(c * d for c, d in zip(cells, digits))
        else:
            beyond = sum(c - d * 4096 for c, d in zip(carried, digits))
            total = round_shift(sum(x * c for x, c in zip(cells, carried)) +
                                self.device.pedestal(slice_) * beyond, 12)
        sigma = self.device.read_sigma
        if sigma:
            variance = float(sum(d * d for d in digits))
            if self.device.read_kind != "independent":
                own = self.cells(side, s, line, self.variance)
                variance = float(sum(v * d * d for v, d in zip(own, digits))) * (
                    self.device.variance_unit)
            n = float(slice_.n)
            key = draws.key(effect(self.config, READ, 2 * self.number + side), draw)
            x = float(total) + ((4096.0 * (sigma / (1.0 - self.device.g_min))) * n) * math.sqrt(
                variance) * draws.noise(key, line)
            bound = 4096.0 * 8.0 * ((1 << bits) - 1) * n * len(digits)
            total = int(draws.nearest(min(max(x, -bound), bound)))
        return total

    def convert(self, side, s, line, total, draw):
        if not self.lossy:
            return total
        group = self.group(side, s, line)
        if self.observing:
            unit = 4096 if self.counts else 1
            self.observed.setdefault(group, []).append((total // unit, -(-total // unit)))
            return total if self.counts else total * 4096
        low, step = self.levels[side, s, line]
        level, value = self.adcs[side].convert(line, draw, total if self.counts else total * 4096,
                                               low, step)
        self.conversions[group] = self.conversions.get(group, 0) + 1
        clips = self.clips.setdefault(group, [0, 0])
        clips[0] += level < 0
        clips[1] += level > self.adcs[0].count - 1
        return value

    def product(self, side, passes, command, word, place):
        """passes: digits, bits, worth, number."""
        sums = [0] * len(self.rows if side else self.units)
        for digits, bits, worth, number in passes:
            for s, slice_ in enumerate(self.slices):
                draw = draws.key(command, word << 16 | place << 12 | (s if side else 0) << 8 |
                                 number)
                carried = (None if self.dacs[side].exact else
                           self.dacs[side].carried(digits, draw))
                for i in range(len(sums)):
                    line = i if side else i * len(self.slices) + s
                    total = self.read(side, s, line, digits, bits, carried, draw)
                    sums[i] += self.convert(side, s, line, total, draw) * worth << slice_.shift
        return [round_shift(x, 12) for x in sums] if self.fine else sums


class AnalogArrays:
    """The arrays of all tile layers, with what they hold and count."""

    def __init__(self, config, tile_layers):
        self.config, self.tile_layers = config, tile_layers
        self.tiles = [[Tile(config, layer, rows, units, layer.tile_number(rb, cb))
                       for _, rows, units, rb, cb in sorted(
                           layer.tiles(), key=lambda tile: (tile[4], tile[3]))]
                      for layer in tile_layers]
        self.drives_all = config["chip.event_driven"]
        self.held = {}

    def program(self, i, codes, written):
        self.held = {}
        for tile in self.tiles[i]:
            tile.program(codes, written)

    def multiply(self, i, side, codes, image, read, word, place):
        layer = self.tile_layers[i]
        sums = [0] * (layer.fan_in if side else layer.units)
        driver = self.tiles[i][0].drivers[side]
        command = draws.key(draws.key(COMMAND, image), read)
        codes, before = [driver.code(c) for c in codes], None
        if self.drives_all and i > 0:
            at = i, side, image, word, place
            before, held = self.held.get(at, ([0] * len(codes), sums))
            sums = list(held)
            self.held[at] = codes, sums
        for tile in self.tiles[i]:
            lines, out = (tile.units, tile.rows) if side else (tile.rows, tile.units)
            if before is None:
                passes = [([codes[k] >> bit & ((1 << bits) - 1) for k in lines], bits, worth,
                           number) for bit, bits, worth, number in driver.passes()]
            else:
                passes = driver.changes([codes[k] - before[k] for k in lines])
                if not passes:
                    continue
            for k, x in zip(out, tile.product(side, passes, command, word, place)):
                sums[k] += x
        return list(sums)

    def forward(self, i, pre, image, read, word):
        return self.multiply(i, 0, pre, image, read, word, 0)

    def backward(self, i, post, image, read, word, place):
        return self.multiply(i, 1, post, image, read, word, place)

    def limit(self, i, sums, shift):
        """Held sums, as they leave."""
        if not self.drives_all or i == 0:
            return sums
        bound = (3 * 2**28 - 1) >> shift
        return [min(max(x, -bound), bound) for x in sums]

    def all(self):
        return [tile for tiles in self.tiles for tile in tiles]

    def batches(self):
        return (self.config["chip.array.adc.kind"] != "ideal" and
                self.config["chip.array.adc.reach"] in ("batch", "batch_lines"))

    def calibrating(self):
        arrays = copy.copy(self)
        arrays.tiles, arrays.held = copy.deepcopy(self.tiles), {}
        for tile in arrays.all():
            tile.observing = True
        return arrays

    def adopt(self, calibrated):
        for tile, other in zip(self.all(), calibrated.all()):
            tile.adopt(other.observed)

    def begin_batch(self):
        for tile in self.all():
            tile.clips, tile.conversions = {}, {}

    def end_batch(self, number):
        every = self.config["chip.array.adc.follow_batches"]
        if self.batches() and every and number % every == 0:
            for tile in self.all():
                tile.follow()

    def registers(self):
        """What a checkpoint holds of arrays."""
        found = {}
        for layer, tiles in zip(self.tile_layers, self.tiles if self.batches() else ()):
            name = f"twin.{layer.layer.number}." + ("backward_" if layer.is_feedback else "")
            found[name + "adc_reaches"] = [x for tile in tiles for line in tile.lines()
                                           for x in tile.reaches[line]]
        return found
