for (const button of document.querySelectorAll("button[data-json]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const json = document.getElementById(button.dataset.json).textContent;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
    link.download = button.dataset.file;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
