// The colours are chosen before anything is drawn, so that nothing flashes.
(() => {
  const root = document.documentElement;
  if (root.dataset.bsTheme) return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const choose = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  choose();
  dark.addEventListener("change", choose);
})();
