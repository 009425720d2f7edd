"use strict";
// Airflow's page has the theme as a class; this one stands in a frame of it, or alone.
function airflowsClasses() {
  try {
    return window.parent.document.documentElement;
  } catch (error) {
    return document.documentElement;
  }
}

function setTheme() {
  const classes = airflowsClasses().classList;
  const known = classes.contains("dark") || classes.contains("light");
  const dark = known ? classes.contains("dark") : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

function onTheme(act) {
  setTheme();
  new MutationObserver(() => { setTheme(); act(); })
    .observe(airflowsClasses(), { attributes: true, attributeFilter: ["class"] });
}

