onTheme(() => {});
setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("list");
  const list = document.getElementById("list");
  if (fresh && fresh.outerHTML !== list.outerHTML) list.replaceWith(document.adoptNode(fresh));
}, 5000);
