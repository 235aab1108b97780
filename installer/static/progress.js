// Looks each second how far the work is; the page does the same by itself where no script runs.

const box = document.getElementById("avancement");

async function look() {
  try {
    const answer = await fetch("/installation/avancement?fragment=1", { redirect: "manual" });
    if (answer.type === "opaqueredirect") {
      location.replace("/installation/fin");
      return;
    }
    const text = answer.ok ? await answer.text() : "";
    if (text.includes("data-state=\"failed\"")) {
      location.reload();
      return;
    }
    // only what changed is put in, so that it is read out once
    if (text && text.trim() !== box.dataset.shown) {
      box.innerHTML = text;
      box.dataset.shown = text.trim();
    }
  } catch {
    // the web server is being set: it is back in a moment
  }
  setTimeout(look, 1000);
}

if (box?.querySelector("[data-state=running]")) look();
