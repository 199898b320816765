// The list of operations wears the colours that the reader's system asks for.
{
  const darkness = window.matchMedia("(prefers-color-scheme: dark)");
  const wear = () => document.documentElement.classList.toggle("dark-mode", darkness.matches);
  darkness.addEventListener("change", wear);
  wear();
}
