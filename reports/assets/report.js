/* SPDX-License-Identifier: Apache-2.0 */
/* Draws the charts of a report from the specifications that epx_chart.h describes. */
(function () {
  'use strict';
  // Okabe and Ito's palette: told apart with any colour vision; shapes and dashes tell again.
  var COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000',
                 '#7f6a00'];
  var SHAPES = ['circle', 'rect', 'triangle', 'rectRot', 'crossRot', 'star', 'rectRounded',
                'cross'];
  var INK = '#1b2430', SOFT = '#5b6675', GRID = '#e6eaef';

  function short(value, digits) {
    return String(Number(Number(value).toPrecision(digits)));
  }
  // The 9th curve has the 1st's colour, but another shape.
  function shape(k) { return SHAPES[(k + Math.floor(k / COLOURS.length)) % SHAPES.length]; }
  function number(value) {
    var size = Math.abs(value);
    if (value !== 0 && (size < 1e-3 || size >= 1e9)) { return Number(value).toExponential(2); }
    return size >= 1000 ? Math.round(value).toLocaleString('en') : short(value, 5);
  }
  function shown(axis, value) {
    return axis.percent ? short(100 * value, 4) + ' %' : number(value);
  }
  // Logarithmic axes: ticks at 1, 2 and 5 of each decade only.
  function tick(axis, value) {
    if (axis.log) {
      var lead = value / Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
      if ([1, 2, 5].indexOf(Math.round(lead * 1e6) / 1e6) < 0) { return ''; }
    }
    return shown(axis, value);
  }
  function scale(axis, isX, categories) {
    var made = {
      title: { display: axis.label !== '', text: axis.label, color: INK },
      grid: { color: GRID }, border: { color: SOFT },
      ticks: { color: SOFT, maxRotation: 0, autoSkipPadding: 12 },
      beginAtZero: !!axis.zero
    };
    if (categories.length > 0) {
      made.type = 'linear';
      made.min = -0.3;
      made.max = categories.length - 0.7;
      made.afterBuildTicks = function (self) {
        self.ticks = categories.map(function (_, i) { return { value: i }; });
      };
      made.ticks.autoSkip = false;
      made.ticks.callback = function (value) { return categories[value]; };
      return made;
    }
    made.type = axis.log ? 'logarithmic' : 'linear';
    made.ticks.callback = function (value) { return tick(axis, value); };
    if (isX && axis.log && axis.ticks) {
      made.afterBuildTicks = function (self) {
        self.ticks = axis.ticks.map(function (value) { return { value: value }; });
      };
      made.ticks.callback = number;
    }
    return made;
  }
  function options() {
    return {
      responsive: true, maintainAspectRatio: false, animation: false,
      interaction: { mode: 'nearest', intersect: false },
      plugins: {
        legend: { display: false },
        tooltip: { callbacks: {} }
      }
    };
  }
  function lineChart(chart) {
    var labels = chart.x.labels, config = options();
    if (labels.length === 0 && chart.x.log) {
      var values = {};
      chart.series.forEach(function (s) {
        if (!s.smooth) { s.points.forEach(function (p) { values[p[0]] = true; }); }
      });
      chart.x.ticks = Object.keys(values).map(Number).sort(function (a, b) { return a - b; });
    }
    config.scales = { x: scale(chart.x, true, labels), y: scale(chart.y, false, []) };
    if (chart.series.every(function (s) {
      return s.points.every(function (p) { return p[0] % 1 === 0; });
    })) {
      config.scales.x.ticks.precision = 0; // epochs, bits: no ticks between whole numbers
    }
    config.plugins.tooltip.callbacks = {
      title: function (items) {
        var x = items[0].parsed.x;
        return chart.x.label + ': ' + (labels.length > 0 ? labels[x] : number(x));
      },
      label: function (item) {
        return item.dataset.label + ': ' + shown(chart.y, item.parsed.y);
      }
    };
    return { type: 'line', options: config, data: { datasets: chart.series.map(function (s) {
      var colour = COLOURS[s.colour % COLOURS.length];
      return {
        label: s.label, borderColor: colour, backgroundColor: s.dashed ? '#fff' : colour,
        borderWidth: 2, borderDash: s.dashed ? [6, 4] : [], tension: 0,
        pointStyle: shape(s.colour), pointRadius: s.smooth || s.points.length > 60 ? 0 : 3.5,
        data: s.points.map(function (p) { return { x: p[0], y: p[1] }; })
      };
    }) } };
  }
  // Whiskers from low to high over each bar that has a range.
  function drawWhiskers(drawn, chart) {
    var context = drawn.ctx, x = drawn.scales.x;
    context.save();
    context.strokeStyle = INK;
    context.lineWidth = 1.25;
    chart.series.forEach(function (s, k) {
      drawn.getDatasetMeta(k).data.forEach(function (bar, i) {
        var range = s.byCategory[i];
        if (!range || range[0] === null || range[1] === null) { return; }
        var from = x.getPixelForValue(range[0]), to = x.getPixelForValue(range[1]), y = bar.y;
        context.beginPath();
        context.moveTo(from, y); context.lineTo(to, y);
        context.moveTo(from, y - 4); context.lineTo(from, y + 4);
        context.moveTo(to, y - 4); context.lineTo(to, y + 4);
        context.stroke();
      });
    });
    context.restore();
  }
  function barChart(chart) {
    var labels = chart.x.labels, config = options(), top = 0;
    var datasets = chart.series.map(function (s) {
      var data = labels.map(function () { return null; });
      s.byCategory = [];
      s.points.forEach(function (p, i) {
        data[p[0]] = p[1];
        s.byCategory[p[0]] = s.ranges[i];
        top = Math.max(top, p[1], s.ranges[i][1] || 0);
      });
      return { label: s.label, data: data, backgroundColor: COLOURS[s.colour % COLOURS.length],
               barPercentage: 0.85, categoryPercentage: 0.8 };
    });
    config.indexAxis = 'y';
    config.interaction = { mode: 'index', axis: 'y', intersect: false };
    config.scales = { x: scale(chart.y, true, []), y: {
      grid: { display: false }, border: { color: SOFT }, ticks: { color: INK, autoSkip: false }
    } };
    config.scales.x.suggestedMax = top;
    config.plugins.tooltip.callbacks = {
      label: function (item) {
        var range = chart.series[item.datasetIndex].byCategory[item.dataIndex];
        var text = item.dataset.label + ': ' + shown(chart.y, item.parsed.x);
        return range && range[0] !== null && range[1] !== null
          ? text + ' (' + shown(chart.y, range[0]) + ' to ' + shown(chart.y, range[1]) + ')' : text;
      }
    };
    var lines = labels.map(function (l) { return l.indexOf('\n') < 0 ? l : l.split('\n'); });
    return { type: 'bar', options: config, data: { labels: lines, datasets: datasets },
             plugins: [{ id: 'whiskers',
                         afterDatasetsDraw: function (c) { drawWhiskers(c, chart); } }] };
  }

  // A line with its dashes and marker, or the colour of a bar, as the chart draws it.
  function swatch(series, kind) {
    var canvas = document.createElement('canvas'), context = canvas.getContext('2d');
    var colour = COLOURS[series.colour % COLOURS.length];
    canvas.width = 102;
    canvas.height = 36;
    context.scale(3, 3);
    context.strokeStyle = colour;
    context.fillStyle = series.dashed ? '#fff' : colour;
    if (kind === 'bar') {
      context.fillRect(12, 1, 10, 10);
      return canvas;
    }
    context.lineWidth = 2;
    context.setLineDash(series.dashed ? [6, 4] : []);
    context.beginPath();
    context.moveTo(0, 6); context.lineTo(34, 6);
    context.stroke();
    context.setLineDash([]);
    Chart.helpers.drawPoint(context, { pointStyle: shape(series.colour), radius: 4, rotation: 0,
                                       borderWidth: 2 }, 17, 6);
    return canvas;
  }
  // The legend stands below the drawing as text; a click hides or shows a curve.
  function addLegend(drawn, chart) {
    var list = document.createElement('ul');
    list.className = 'legend';
    chart.series.forEach(function (series, k) {
      if (series.smooth) { return; }
      var item = document.createElement('li'), button = document.createElement('button');
      button.type = 'button';
      button.setAttribute('aria-pressed', 'true');
      button.append(swatch(series, chart.kind), series.label);
      button.addEventListener('click', function () {
        var show = !drawn.isDatasetVisible(k);
        drawn.setDatasetVisibility(k, show);
        for (var j = k + 1; j < chart.series.length && chart.series[j].smooth; ++j) {
          drawn.setDatasetVisibility(j, show);
        }
        button.setAttribute('aria-pressed', String(show));
        drawn.update();
      });
      item.append(button);
      list.append(item);
    });
    drawn.canvas.closest('figure').append(list);
  }

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 12.5;
  var drawn = JSON.parse(document.getElementById('charts').textContent).map(function (chart, i) {
    var made = new Chart(document.getElementById('chart-' + i),
                         chart.kind === 'bar' ? barChart(chart) : lineChart(chart));
    if (chart.series.length > 1 || (chart.kind === 'line' && chart.series[0].label)) {
      addLegend(made, chart);
    }
    return made;
  });
  window.addEventListener('beforeprint', function () {
    document.querySelectorAll('details').forEach(function (fold) { fold.open = true; });
    // About the width of a column of paper, which the style then scales: letters stay readable.
    drawn.forEach(function (chart) { chart.resize(460, chart.canvas.clientHeight); });
  });
  window.addEventListener('afterprint', function () {
    drawn.forEach(function (chart) { chart.resize(); });
  });
})();
