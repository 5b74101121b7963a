# SPDX-License-Identifier: Apache-2.0
"""What wires leave of an array's conductances: docs/array.md, "Wire resistance"."""


def solve(matrix, right):
    """Gaussian elimination; the matrix of a network of resistors needs no pivots."""
    size = len(matrix)
    for i in range(size):
        for j in range(i + 1, size):
            factor = matrix[j][i] / matrix[i][i]
            if factor:
                matrix[j] = [a - factor * b for a, b in zip(matrix[j], matrix[i])]
                right[j] = [a - factor * b for a, b in zip(right[j], right[i])]
    for i in reversed(range(size)):
        for j in range(i + 1, size):
            right[i] = [a - matrix[i][j] * b for a, b in zip(right[i], right[j])]
        right[i] = [a / matrix[i][i] for a in right[i]]
    return right


class Circuit:
    """Nodes are joined where a resistance is 0; the sources and sensors come first."""

    def __init__(self):
        self.parent, self.resistors = {}, []

    def find(self, node):
        while self.parent.setdefault(node, node) != node:
            node = self.parent[node]
        return node

    def join(self, a, b, ohm):
        if ohm:
            self.resistors.append((a, b, 1.0 / ohm))
            return
        a, b = self.find(a), self.find(b)
        fixed = a[0] in ("source", "sensor")
        self.parent[b if fixed else a] = a if fixed else b

    def voltages(self, sources):
        """By node: of each source at 1 V in turn, the others and the sensors at 0 V."""
        fixed = {source: [float(i == k) for k in range(len(sources))]
                 for i, source in enumerate(sources)}
        nodes = {}
        for a, b, _ in self.resistors:
            for node in (self.find(a), self.find(b)):
                if node not in fixed and node[0] != "sensor":
                    nodes.setdefault(node, len(nodes))
        matrix = [[0.0] * len(nodes) for _ in nodes]
        right = [[0.0] * len(sources) for _ in nodes]
        for a, b, siemens in self.resistors:
            a, b = self.find(a), self.find(b)
            for one, other in ((a, b), (b, a)):
                if one not in nodes:
                    continue
                matrix[nodes[one]][nodes[one]] += siemens
                if other in nodes:
                    matrix[nodes[one]][nodes[other]] -= siemens
                elif other in fixed:
                    right[nodes[one]] = [x + siemens * v for x, v in
                                         zip(right[nodes[one]], fixed[other])]
        found = solve(matrix, right)
        zero = [0.0] * len(sources)
        return lambda node: (found[nodes[self.find(node)]] if self.find(node) in nodes else
                             fixed.get(self.find(node), zero))


def seen(g, config, backward):
    """g[rows][columns] as one direction of reading finds it."""
    ohm = lambda name: config.get("chip.array.wires." + name + "_ohm", 0.0)
    on = config["chip.array.wires.on_ohm"]
    shared = config.get("chip.array.wires.backward", "own") == "shared"
    rows, columns = len(g), len(g[0])
    circuit = Circuit()
    row_end = 0 if not backward or shared else columns - 1  # where a wordline is driven or sensed
    column_end = rows - 1 if not backward or shared else 0
    for r in range(rows):
        circuit.join(("sensor" if backward else "source", "row", r), ("word", r, row_end),
                     ohm("sense" if backward else "driver"))
        for c in range(columns - 1):
            circuit.join(("word", r, c), ("word", r, c + 1), ohm("wordline"))
    for c in range(columns):
        circuit.join(("source" if backward else "sensor", "column", c), ("bit", column_end, c),
                     ohm("driver" if backward else "sense"))
        for r in range(rows - 1):
            circuit.join(("bit", r, c), ("bit", r + 1, c), ohm("bitline"))
    for r in range(rows):
        for c in range(columns):
            if g[r][c]:
                circuit.join(("word", r, c), ("bit", r, c), on / g[r][c])
    sources = ([("source", "column", c) for c in range(columns)] if backward else
               [("source", "row", r) for r in range(rows)])
    voltage = circuit.voltages(sources)
    found = [[0.0] * columns for _ in range(rows)]
    for r in range(rows):
        for c in range(columns):  # a line's sensor takes the currents of its cells
            word, bit = voltage(("word", r, c)), voltage(("bit", r, c))
            for k in range(len(sources)):
                current = (word[k] - bit[k]) * g[r][c]
                if backward:
                    found[r][k] -= current
                else:
                    found[k][c] += current
    return found
