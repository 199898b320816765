// What the checker of types cannot know: which elements a script's template has, and what libraries add to the window.

interface Document {
  getElementById(id: string): any;
}
interface ParentNode {
  querySelector(selectors: string): any;
  querySelectorAll(selectors: string): NodeListOf<any>;
}
interface Element {
  closest(selectors: string): any;
}
interface Event {
  target: any;
}
interface Window {
  Bokeh: any;
  JS9: any;
  JS9Prefs: any;
  Module: any;
  jQuery: any;
  workbench: any;
  webkitAudioContext: typeof AudioContext;
}
