
"use strict";
(() => {
  const list = document.getElementById("packages");
  const tools = document.getElementById("tools");
  const packages = [...list.querySelectorAll(":scope > details")];
  const reveal = () => {
    const wanted = document.getElementById(location.hash.slice(1));
    if (wanted instanceof HTMLDetailsElement) {
      wanted.hidden = false;
      wanted.open = true;
      wanted.scrollIntoView();
    }
  };
  addEventListener("hashchange", reveal);
  reveal();
  if (!tools) return;
  const [find, show, sort, all, count] = ["find", "show", "sort", "all", "count"].map((id) => document.getElementById(id));
  const texts = new Map(packages.map((one) => [one, one.textContent.toLowerCase()]));
  const shown = (one) => {
    const kind = show.value;
    const needed = one.classList.contains("refused") || one.classList.contains("unknown");
    const fits = kind === "" || (kind === "attention" ? needed : one.classList.contains(kind));
    return fits && texts.get(one).includes(find.value.trim().toLowerCase());
  };
  const filter = () => {
    let left = 0;
    for (const one of packages) {
      one.hidden = !shown(one);
      left += one.hidden ? 0 : 1;
    }
    count.value = `${left} of ${packages.length}`;
  };
  const orders = {
    place: (a, b) => a.dataset.place - b.dataset.place,
    name: (a, b) => (a.dataset.name < b.dataset.name ? -1 : a.dataset.name > b.dataset.name ? 1 : 0),
    files: (a, b) => b.dataset.files - a.dataset.files,
    reasons: (a, b) => b.dataset.reasons - a.dataset.reasons,
  };
  const order = () => {
    packages.sort((a, b) => orders[sort.value](a, b) || orders.place(a, b));
    list.append(...packages);
  };
  all.addEventListener("click", () => {
    const open = all.getAttribute("aria-expanded") !== "true";
    for (const one of packages) one.open = open && !one.hidden;
    all.setAttribute("aria-expanded", String(open));
    all.textContent = open ? "Close all" : "Open all";
  });
  tools.addEventListener("submit", (event) => event.preventDefault());
  find.addEventListener("input", filter);
  show.addEventListener("change", filter);
  sort.addEventListener("change", order);
  tools.hidden = false;
  filter();
})();
