// Sets the chosen theme before the first paint; without one, the system's counts.
(function () {
  try {
    var theme = localStorage.getItem("axon.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (_) {
    /* no storage: the system's theme */
  }
})();
