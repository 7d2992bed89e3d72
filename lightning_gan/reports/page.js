"use strict";
// Images over steps: a slider, and a button that plays them.
for (const figure of document.querySelectorAll(".frames")) {
  const images = figure.querySelectorAll("img");
  const slider = figure.querySelector("input");
  if (!slider) continue;
  const steps = figure.dataset.steps.split(",").map(Number);
  const output = figure.querySelector("output");
  const button = figure.querySelector("button");
  let timer = null;
  const show = (index) => {
    images.forEach((image, i) => { image.hidden = i !== index; });
    slider.value = index;
    output.textContent = "step " + steps[index].toLocaleString("en");
  };
  const stop = () => { clearInterval(timer); timer = null; button.textContent = "Play"; };
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  button.addEventListener("click", () => {
    if (timer) { stop(); return; }
    if (Number(slider.value) === images.length - 1) show(0);
    button.textContent = "Stop";
    timer = setInterval(() => {
      const next = Number(slider.value) + 1;
      show(next);
      if (next === images.length - 1) stop();
    }, 220);
  });
}

const format = (value) => {  // as format_number in chart_axes.py
  const size = Math.abs(value);
  if (size >= 1e6) return Number((value / 1e6).toPrecision(4)) + "M";
  if (size >= 1e3) return Number((value / 1e3).toPrecision(4)) + "k";
  const text = Number(value.toPrecision(4));
  return size && size < 1e-4 ? text.toExponential() : String(text);
};

const makeTicks = (low, high) => {  // as make_ticks in chart_axes.py
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.99);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i <= high / step + 1e-9; i++) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
};

const makeLogTicks = (low, high) => {
  const ticks = [];
  for (let power = Math.floor(low); power <= high; power++) {
    for (const m of high - low < 2 ? [1, 2, 5] : [1]) {
      const position = power + Math.log10(m);
      if (position >= low && position <= high) ticks.push(m * 10 ** power);
    }
  }
  return ticks.length > 1 ? ticks : makeTicks(10 ** low, 10 ** high).filter((tick) => tick > 0);
};

// Exponential moving average with the bias of its start removed.
const smooth = (values, weight) => {
  let average = 0, power = 1;
  return values.map((value) => {
    average = weight * average + (1 - weight) * value;
    power *= weight;
    return average / (1 - power);
  });
};

const state = { weight: 0, logarithmic: false, hidden: new Set() };
const charts = [...document.querySelectorAll(".chart")].map((figure) => {
  const data = JSON.parse(figure.dataset.chart);
  const curves = [...figure.querySelectorAll(".series")];
  return { figure, data, curves, lines: [...figure.querySelectorAll(".reference")],
           grid: figure.querySelector(".grid .y"), note: figure.querySelector(":scope > .note") };
});

const isVisible = (series) => !state.hidden.has(series.group);

const findRange = (chart, map) => {  // as make_frame in chart_axes.py
  const full = [Infinity, -Infinity], later = [Infinity, -Infinity];
  const extend = (range, value) => {
    if (!Number.isFinite(value)) return;
    range[0] = Math.min(range[0], value); range[1] = Math.max(range[1], value);
  };
  for (const series of chart.data.series.filter(isVisible)) {
    series.y.forEach((y, i) => {
      for (const side of series.e ? [-1, 1] : [0]) {
        const value = map(side ? y + side * series.e[i] : y);
        extend(full, value);
        if (i >= Math.floor(series.y.length / 4)) extend(later, value);
      }
      extend(full, map(y));
    });
  }
  const range = full[1] - full[0] > 20 * (later[1] - later[0]) && later[1] > later[0] ? later : full;
  for (const value of chart.data.lines) extend(range, map(value));
  const pad = 0.06 * (range[1] - range[0]) || Math.abs(range[1]) * 0.1 || 1;
  return [range[0] - pad, range[1] + pad];
};

const addShape = (parent, name, attributes, text = "") => {
  const shape = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
  shape.textContent = text;
  parent.append(shape);
};

const draw = (chart) => {
  const { data, curves, grid, lines } = chart;
  const [left, top, right, bottom] = data.box;
  const shown = data.series.filter(isVisible);
  const logarithmic = state.logarithmic && shown.every((s) => s.y.every((y) => y > 0));
  const map = logarithmic ? (y) => (y > 0 ? Math.log10(y) : -Infinity) : (y) => y;
  const [low, high] = shown.length ? findRange(chart, map) : [0, 1];
  const place = (y) => {
    const share = Math.min(Math.max((map(y) - low) / (high - low), -3), 4);
    return (top + (1 - share) * (bottom - top)).toFixed(1);
  };
  const across = (x) => (left + (x - data.x[0]) / (data.x[1] - data.x[0]) * (right - left)).toFixed(1);
  grid.replaceChildren();
  for (const tick of shown.length ? (logarithmic ? makeLogTicks(low, high) : makeTicks(low, high)) : []) {
    const y = place(tick);
    addShape(grid, "line", { x1: left, x2: right, y1: y, y2: y });
    addShape(grid, "text", { x: left - 7, y, dy: "0.32em", "text-anchor": "end" }, format(tick));
  }
  data.lines.forEach((value, i) => {
    for (const end of ["y1", "y2"]) lines[i].querySelector("line").setAttribute(end, place(value));
    lines[i].querySelector("text").setAttribute("y", place(value));
  });
  let outside = 0;
  data.series.forEach((series, i) => {
    curves[i].classList.toggle("hidden", !isVisible(series));
    if (!isVisible(series)) return;
    const join = (ys) => ys.map((y, j) => across(series.x[j]) + "," + place(y));
    const raw = join(series.y);
    series.smooth = state.weight ? smooth(series.y, state.weight) : null;
    curves[i].querySelector(".raw")?.remove();
    curves[i].querySelector("polyline").setAttribute("points", join(series.smooth ?? series.y).join(" "));
    if (series.smooth) addShape(curves[i], "polyline", { class: "raw", points: raw.join(" ") });
    curves[i].querySelectorAll("circle").forEach((dot, j) => {
      dot.setAttribute("cy", place((series.smooth ?? series.y)[j]));
    });
    const band = curves[i].querySelector(".band");
    if (band) {
      const upper = join(series.y.map((y, j) => y + series.e[j]));
      const lower = join(series.y.map((y, j) => y - series.e[j]));
      band.setAttribute("points", upper.concat(lower.reverse()).join(" "));
    }
    outside += series.y.filter((y) => map(y) < low || map(y) > high).length;
  });
  const words = [];
  if (outside) words.push(outside === 1 ? "1 early value lies outside." : outside + " early values lie outside.");
  if (state.logarithmic && !logarithmic) words.push("Linear axis: some values are not positive.");
  if (words.length && !chart.note) {
    chart.note = document.createElement("p");
    chart.note.className = "note";
    chart.figure.append(chart.note);
  }
  if (chart.note) chart.note.textContent = words.join(" ");
};

// Smoothing, logarithmic axis and hidden groups, for all charts of a comparison.
const controls = document.querySelector(".chart-controls");
if (controls) {
  const slider = controls.querySelector("#smoothing");
  const output = controls.querySelector("output");
  const toggle = controls.querySelector("#logarithmic");
  const drawAll = () => charts.forEach(draw);
  controls.hidden = false;
  slider.addEventListener("input", () => {
    state.weight = Number(slider.value);
    output.textContent = state.weight.toFixed(2);
    drawAll();
  });
  toggle.addEventListener("change", () => { state.logarithmic = toggle.checked; drawAll(); });
  const buttons = document.querySelectorAll(".legend button");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const group = Number(button.dataset.group);
      if (!state.hidden.delete(group)) state.hidden.add(group);
      for (const other of buttons) {
        other.setAttribute("aria-pressed", String(!state.hidden.has(Number(other.dataset.group))));
      }
      drawAll();
    });
  }
}

// The legend shows the values that are nearest to the pointer.
for (const { figure, data } of charts) {
  const drawing = figure.querySelector("svg");
  const pointer = figure.querySelector(".pointer");
  const values = figure.querySelectorAll(".legend b");
  const [left, , right] = data.box;
  const findNearest = (xs, x) => {
    let low = 0, high = xs.length - 1;
    while (high - low > 1) { const mid = (low + high) >> 1; if (xs[mid] < x) low = mid; else high = mid; }
    return Math.abs(xs[low] - x) <= Math.abs(xs[high] - x) ? low : high;
  };
  const describe = (series, i) => {
    const raw = format(series.y[i]) + (series.e ? " ± " + format(series.e[i]) : "");
    const value = series.smooth ? format(series.smooth[i]) + " (raw " + raw + ")" : raw;
    return value + " at " + series.x[i].toLocaleString("en");
  };
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width * drawing.viewBox.baseVal.width;
    const share = (at - left) / (right - left);
    if (share < -0.02 || share > 1.02) return;
    const x = data.x[0] + share * (data.x[1] - data.x[0]);
    pointer.setAttribute("x1", at); pointer.setAttribute("x2", at);
    figure.classList.add("pointed");
    data.series.forEach((series, i) => {
      values[i].textContent = isVisible(series) ? describe(series, findNearest(series.x, x)) : "";
    });
  });
  drawing.addEventListener("pointerleave", () => {
    figure.classList.remove("pointed");
    values.forEach((value) => { value.textContent = ""; });
  });
}
