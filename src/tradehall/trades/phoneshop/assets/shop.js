// Small things of the shop's pages: notes and coins are summed as they are counted.
(() => {
  for (const form of document.querySelectorAll("[data-count]")) {
    const notes = [...form.querySelectorAll("[data-note]")], sum = form.querySelector("[data-sum]");
    for (const each of notes) each.addEventListener("input", () => { sum.value = (notes.reduce((total, note) => total + Math.round(Number(note.dataset.note) * 100) * Number(note.value || 0), 0) / 100).toFixed(2); });
  }
})();
