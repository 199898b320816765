// The query's editor: colours, completion of tables, columns and functions, the faulty word underlined.
import {
  Compartment, EditorState, EditorView, HighlightStyle, SQLDialect, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap,
  completionKeymap, defaultKeymap, drawSelection, history, historyKeymap, keymap, lineNumbers, setDiagnostics, sql,
  syntaxHighlighting, tags,
} from "../vendor/codemirror.js";
import { asked, say } from "../ui/ask.js";

const KEYWORDS =
  "select distinct all top from where group by having order asc desc as on using join left right full inner outer cross " +
  "natural union except intersect with and or not in exists between like ilike is null case when then else end offset cast true false";
const TYPES = "smallint integer bigint real double precision char varchar timestamp";

const style = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--pico-primary)", fontWeight: "600" },
  { tag: tags.string, color: "var(--pico-ins-color)" },
  { tag: tags.number, color: "var(--pico-del-color)" },
  { tag: tags.comment, color: "var(--pico-muted-color)", fontStyle: "italic" },
]);
const theme = EditorView.theme({
  ".cm-content": { caretColor: "var(--pico-color)", color: "var(--pico-color)" },
  ".cm-cursor": { borderLeftColor: "var(--pico-color)" },
  ".cm-gutters": { background: "transparent", color: "var(--pico-muted-color)", border: "none" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { background: "var(--pico-text-selection-color) !important" },
  ".cm-tooltip": { background: "var(--pico-card-background-color)", color: "var(--pico-color)", border: "1px solid var(--pico-muted-border-color)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "var(--pico-primary-background)", color: "var(--pico-primary-inverse)" },
});

// An editor in the place of the field, whose value it keeps.
export function edit(field) {
  const form = field.form;
  const language = new Compartment(); // alone it is replaced when the words have come: what was typed can be undone
  const run = () => (form.requestSubmit(), true);
  const state = EditorState.create({
    doc: field.value,
    extensions: [
      lineNumbers(), history(), drawSelection(), bracketMatching(), closeBrackets(), autocompletion(), theme,
      language.of(sql({ dialect: dialectOf([]), upperCaseKeywords: true })),
      syntaxHighlighting(style), EditorView.lineWrapping,
      keymap.of([{ key: "Mod-Enter", run }, ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
      EditorView.contentAttributes.of({ "aria-label": field.labels[0].textContent, spellcheck: "false" }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) field.value = update.state.doc.toString();
      }),
    ],
  });
  const view = new EditorView({ state });
  field.after(view.dom);
  form.classList.add("edited");
  field.required = false; // what is hidden cannot ask for input; the server says what is missing
  field.labels[0].addEventListener("click", () => view.focus());
  underline(view, field.dataset);
  complete(field.dataset.words).then(
    (support) => view.dispatch({ effects: language.reconfigure(support) }),
    (error) => say(document.getElementById("editor-said"), "Words are not completed", error),
  );
  return { text: () => view.state.doc.toString(), insert: (text) => insert(view, text) };
}

function dialectOf(functions) {
  return SQLDialect.define({ keywords: KEYWORDS, types: TYPES, builtin: functions.join(" ").toLowerCase(), identifierQuotes: '"' });
}

async function complete(address) {
  const { tables, functions } = await asked(address);
  const schema = {};
  for (const [name, table] of Object.entries(tables)) {
    const [first, second] = name.split(".");
    schema[first] ??= {};
    schema[first][second] = {
      self: { label: second, type: "type", info: table.description },
      children: table.columns.map((one) => ({ label: one.name, type: "property", detail: one.unit, info: one.description })),
    };
  }
  const support = sql({ dialect: dialectOf(functions), schema, upperCaseKeywords: true });
  const known = functions.map((name) => ({ label: name, type: "function", apply: `${name}(` }));
  const columns = (context) => {
    const word = context.matchBefore(/[\w]+/);
    if (!word && !context.explicit) return null;
    const text = context.state.doc.toString().toLowerCase();
    const near = Object.entries(tables).filter(([name]) => text.includes(name));
    const options = near.flatMap(([name, table]) =>
      table.columns.map((one) => ({ label: one.name, type: "property", detail: one.unit || name, info: one.description })));
    return { from: word ? word.from : context.pos, options: [...options, ...known], validFor: /^\w*$/ };
  };
  return [support, support.language.data.of({ autocomplete: columns })];
}

function insert(view, text) {
  const { from, to } = view.state.selection.main;
  view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + text.length } });
  view.focus();
}

// The word that the server found fault with.
function underline(view, { line, column, problem }) {
  if (!line || Number(line) > view.state.doc.lines) return;
  const start = Math.min(view.state.doc.line(Number(line)).from + Number(column) - 1, view.state.doc.length);
  const word = /^\w+|^./.exec(view.state.sliceDoc(start));
  const end = start + (word ? word[0].length : 0);
  view.dispatch(setDiagnostics(view.state, [{ from: start, to: end, severity: "error", message: problem }]));
  view.dispatch({ selection: { anchor: start, head: end } });
  view.focus();
}
