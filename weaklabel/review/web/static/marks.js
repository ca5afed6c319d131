// A text as tokens with its spans as nested marks, made of nodes and never of markup. Nothing here knows of decisions.

export const make = (tag, properties = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
};

// One that ends earlier is inside of one that ends later; one that crosses another is cut, and goes on inside of it.
export function nested(tokens, spans, markOf) {
  const root = document.createDocumentFragment();
  const stack = [{ node: root, end: Infinity }];
  const marks = [];
  const coming = [...spans].sort((a, b) => a.begin - b.begin || b.end - a.end);
  const push = (span, again) => {
    const node = markOf(span);
    stack.at(-1).node.append(node);
    stack.push({ node, span, end: span.end });
    marks.push({ node, span, again });
  };
  for (const token of tokens) {
    while (stack.at(-1).end <= token.begin) stack.pop();
    while (coming.length && coming[0].begin <= token.begin) {
      const span = coming.shift();
      if (span.end <= token.begin) continue;
      const interrupted = [];
      while (stack.at(-1).end < span.end) interrupted.push(stack.pop().span);
      push(span, span.begin < token.begin);
      for (const other of interrupted.reverse()) push(other, true);
    }
    stack.at(-1).node.append(make("span", { className: token.word ? "w" : "gap-between", textContent: token.shown, "data-token": token.index }));
  }
  for (const { node, span, again } of marks) {
    if (!node.childNodes.length) node.remove();
    else node.append(make("bdi", { className: "tag", textContent: `${again ? "… " : ""}${span.label}${span.checked ? " ✓" : ""}` }));
  }
  return root;
}

// The tokens of a part of the text, from where each ends.
export function tokensOf(part) {
  let begin = part.begin;
  return part.tokens.map(([end, shown, word], index) => {
    const token = { index, begin, end, shown, word };
    begin = end;
    return token;
  });
}

// Which tokens the selection of the browser covers, first and last, without white space at either side; null for none.
export function selectedTokens(box, tokens) {
  const selection = getSelection();
  if (selection.isCollapsed || !selection.rangeCount) return null;
  const range = selection.getRangeAt(0);
  if (!box.contains(range.commonAncestorContainer)) return null;
  const covered = [...box.querySelectorAll("[data-token]")].filter((node) => {
    const own = document.createRange();
    own.selectNodeContents(node);
    // Touching it is not covering it.
    return range.compareBoundaryPoints(Range.END_TO_START, own) < 0 && range.compareBoundaryPoints(Range.START_TO_END, own) > 0;
  });
  const words = covered.map((node) => Number(node.dataset.token)).filter((index) => tokens[index].word);
  return words.length ? { from: Math.min(...words), to: Math.max(...words) } : null;
}
