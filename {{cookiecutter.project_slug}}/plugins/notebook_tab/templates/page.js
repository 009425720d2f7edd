const root = document.documentElement;
const main = document.getElementById("main");
let frame = null;
let shown = "";
// Where the reader is in the notebook; the frame says so, and could say anything, so only a number counts.
let place = "";

function head() {
  return document.getElementById("head");
}

function address() {
  const data = head().dataset;
  if (!data.version) return "";
  const number = document.getElementById("try")?.value ?? "1";
  const query = new URLSearchParams({ try: number, theme: root.dataset.theme, version: data.version, ended: data.ended });
  return `cells?${query}`;
}

function show(anchor) {
  const wanted = address();
  if (!wanted) return;
  if (wanted === shown) {
    if (anchor) frame.src = `${wanted}#${anchor}`;
    return;
  }
  // The new one takes the old one's place when it is there, so that nothing blinks.
  const coming = document.createElement("iframe");
  coming.title = "executed notebook";
  coming.setAttribute("sandbox", "allow-scripts");
  coming.className = "coming";
  coming.addEventListener("load", () => {
    for (const other of main.querySelectorAll("iframe")) if (other !== frame) other.remove();
    frame.className = "";
  }, { once: true });
  coming.src = `${wanted}#${anchor || place}`;
  for (const other of main.querySelectorAll("iframe.coming")) other.remove();
  document.getElementById("nothing")?.remove();
  frame = coming;
  shown = wanted;
  main.append(coming);
}

function replaceHead(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("head");
  if (!fresh || fresh.outerHTML === head().outerHTML) return;
  for (const section of head().querySelectorAll("details")) {
    const same = fresh.querySelector(`#${section.id}`);
    if (same) same.open = section.open;
  }
  head().replaceWith(document.adoptNode(fresh));
}

async function follow() {
  while (head().dataset.live === "1") {
    await new Promise((resume) => setTimeout(resume, 3000));
    if (document.hidden) continue;
    const asked = performance.now();
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.status === 401 || answer.status === 403) {
        document.getElementById("notice").textContent = "your login has ended: reload this page";
        return;
      }
      replaceHead(await answer.text());
      show("");
    } catch (error) {
      document.getElementById("notice").textContent = "Airflow does not answer";
    }
    // A big notebook takes its time: ask for it less often.
    await new Promise((resume) => setTimeout(resume, 4 * (performance.now() - asked)));
  }
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-cell], #copy");
  if (!target) return;
  event.preventDefault();
  if (target.id === "copy") {
    const command = target.parentElement.querySelector("code");
    getSelection().selectAllChildren(command);
    navigator.clipboard?.writeText(command.textContent).catch(() => {});
    return;
  }
  show(`cell-${Number(target.dataset.cell)}`);
});

document.addEventListener("change", (event) => {
  if (event.target.id === "try") location.search = new URLSearchParams({ try: event.target.value });
});

window.addEventListener("message", (event) => {
  if (!frame || event.source !== frame.contentWindow) return;
  if (event.data === "end") place = "end";
  else if (Number.isFinite(event.data)) place = `y=${Math.round(event.data)}`;
});

onTheme(() => show(""));
show(head().dataset.broken ? `cell-${head().dataset.broken}` : "");
follow();
