// The server writes “aujourd’hui à 18:30”; while the page stays open, the last hour is counted and a new day is noticed.

const locale = document.documentElement.lang || "fr";
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "long" });
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const day = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
const opened = day(new Date());

function refresh() {
  const now = new Date();
  for (const element of document.querySelectorAll(".moment time[datetime]")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    element.dataset.written ??= element.textContent;
    const minutes = Math.round((now - at) / 60000);
    const days = Math.round((day(now) - day(at)) / 86400000);
    if (minutes >= 0 && minutes < 60) element.textContent = relative.format(-minutes, "minute");
    else if (day(now) > opened && days <= 1 && days >= 0) element.textContent = `${relative.format(-days, "day")}, ${clock.format(at)}`;
    else element.textContent = element.dataset.written;
  }
}

refresh();
setInterval(refresh, 60000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
document.addEventListener("htmx:afterSwap", refresh);
