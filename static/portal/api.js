// The list of operations wears the colours of the page.
import { isDark, onSchemeChange } from "../ui/scheme.js";

const wear = () => document.documentElement.classList.toggle("dark-mode", isDark());
onSchemeChange(wear);
wear();
