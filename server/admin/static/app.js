// What makes the pages quicker. Every page works without any of this.

// Replaces parts of this page by those of another answer; selectors are separated by commas.
function swap(html, selectors) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const selector of selectors.split(",")) {
    const here = document.querySelector(selector.trim());
    const there = fresh.querySelector(selector.trim());
    if (here && there) {
      here.replaceWith(document.adoptNode(there));
      start(there);
    }
  }
  const title = fresh.querySelector("title");
  if (title) document.title = title.textContent;
}

// A form, or one of its buttons, with data-swap: the answer replaces parts of the page.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const selectors = event.submitter?.dataset.swap ?? form.dataset.swap;
  if (!selectors || event.defaultPrevented) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const name = document.activeElement?.getAttribute("value");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    swap(await answer.text(), selectors);
    const again = name && document.querySelector(`button[value="${CSS.escape(name)}"]`);
    if (again) again.focus();
  } catch {
    form.submit();
  }
});

// What a form's conditions come to in words follows them.
document.addEventListener("change", (event) => {
  const follow = event.target.closest(".builder")?.querySelector("[data-follow]");
  if (follow) follow.form.requestSubmit(follow);
});

// Filters answer while one types. The page's address follows, so that it can be kept and sent.
let typing;
function refilter(form) {
  clearTimeout(typing);
  typing = setTimeout(async () => {
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
    const address = form.getAttribute("action") + (query.size ? "?" + query : "");
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      swap(await answer.text(), form.dataset.filter);
      history.replaceState(null, "", address);
    } catch {
      form.submit();
    }
  }, 250);
}

// A live part asks the server every second for what is new, and shows it. Each time is a short request, and only a
// page that is seen asks: a browser opens six connections to a server, and other tabs need them too. Text that a
// reader has opened or chosen is left alone, until later.
function live(part) {
  let tag = "", asking = false, timer;
  const reading = () => part.querySelector("details[open], :popover-open") || part.contains(document.activeElement);
  async function ask() {
    clearTimeout(timer);
    if (asking || document.hidden || !part.isConnected) return;
    asking = true;
    let pause = 1000;
    try {
      const answer = await fetch(part.dataset.live, { headers: { "If-None-Match": tag } });
      if (answer.redirected || answer.status >= 400 && answer.status < 500) pause = 0; // signed out, or not there any more
      if (answer.status === 200 && pause) {
        const text = await answer.text();
        if (!reading()) { part.innerHTML = text; tag = answer.headers.get("ETag"); }
      }
    } catch {
      pause = 5000; // the server is away
    }
    asking = false;
    if (pause) timer = setTimeout(ask, pause);
  }
  document.addEventListener("visibilitychange", ask);
  ask();
}

// A list from which one chooses: a box for all, and how many are chosen.
function selection(form) {
  const boxes = () => [...form.querySelectorAll("tbody input[type=checkbox]")];
  const all = form.querySelector("[data-all]");
  const count = form.querySelector("[data-count]");
  const update = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    if (count) count.textContent = chosen ? `${chosen} ${count.dataset.count}` : "";
    if (all) {
      all.checked = chosen > 0 && chosen === boxes().length;
      all.indeterminate = chosen > 0 && !all.checked;
    }
  };
  all?.addEventListener("change", () => { for (const box of boxes()) box.checked = all.checked; update(); });
  form.addEventListener("change", update);
  update();
}

// A form says that there are changes, and asks before they are lost.
function unsaved(form) {
  const say = form.querySelector(".unsaved");
  let changed = false;
  form.addEventListener("input", () => { changed = true; if (say) say.textContent = say.dataset.text; });
  form.addEventListener("submit", (event) => { if (!event.submitter?.dataset.swap) changed = false; });
  addEventListener("beforeunload", (event) => { if (changed && form.isConnected) event.preventDefault(); });
}

function start(root) {
  const each = (selector, act) => {
    if (root.matches?.(selector)) act(root);
    root.querySelectorAll(selector).forEach(act);
  };
  each("[data-filter]", (form) => {
    form.addEventListener("input", () => refilter(form));
    form.addEventListener("change", () => refilter(form));
  });
  each("[data-live]", live);
  each("[data-selection]", selection);
  each("[data-unsaved]", unsaved);
  each("[data-copy]", (button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
      button.textContent = button.dataset.done;
    });
  });
  each("[data-focus]", (element) => element.focus());
}

start(document);
