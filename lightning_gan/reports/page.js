"use strict";
// images over steps: a slider, a button that plays them
for (const figure of document.querySelectorAll(".frames")) {
  const images = figure.querySelectorAll("img");
  const slider = figure.querySelector("input");
  if (!slider) continue;
  const steps = figure.dataset.steps.split(",").map(Number);
  const output = figure.querySelector("output");
  const button = figure.querySelector("button");
  let timer = null;
  const show = (place) => {
    images.forEach((image, i) => { image.hidden = i !== place; });
    slider.value = place;
    output.textContent = "step " + steps[place].toLocaleString("en");
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
// curves: the values nearest to the pointer stand in the legend
for (const figure of document.querySelectorAll(".chart")) {
  const data = JSON.parse(figure.dataset.chart);
  const drawing = figure.querySelector("svg");
  const pointer = figure.querySelector(".pointer");
  const values = figure.querySelectorAll(".legend b");
  const nearest = (xs, x) => {
    let low = 0, high = xs.length - 1;
    while (high - low > 1) { const mid = (low + high) >> 1; if (xs[mid] < x) low = mid; else high = mid; }
    return Math.abs(xs[low] - x) <= Math.abs(xs[high] - x) ? low : high;
  };
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width * data.width;
    const share = (at - data.left) / (data.right - data.left);
    if (share < -0.02 || share > 1.02) return;
    const x = data.x[0] + share * (data.x[1] - data.x[0]);
    pointer.setAttribute("x1", at); pointer.setAttribute("x2", at);
    figure.classList.add("pointed");
    data.series.forEach((series, i) => {
      const place = nearest(series.x, x);
      values[i].textContent = series.y[place] + (series.e ? " ± " + series.e[place] : "") +
        " at " + series.x[place].toLocaleString("en");
    });
  });
  drawing.addEventListener("pointerleave", () => {
    figure.classList.remove("pointed");
    values.forEach((value) => { value.textContent = ""; });
  });
}
