/** The editor of the text that is judged: squiggles, and the finding under the cursor. */

import { type Action, type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorSelection } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';

import type { Range, TextEdit, TextFinding, TextProblem } from '../engine/engine.ts';
import { type Listed, judgement, listed, selected, text } from '../session.ts';
import { words } from '../words.ts';
import { editor, limit, setText } from './editor.ts';

const SEVERITY = { deny: 'error', warn: 'warning', fix: 'info', audit: 'hint', off: 'hint' } as const;

let view: EditorView;

/** Puts the editor into an element. */
export function mount(host: HTMLElement, refuse: (message: string) => void): void {
  view = editor(host, () => words().manifest, [
    lintGutter(),
    limit(refuse),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) text.set(update.state.sliceDoc());
      else if (update.selectionSet) selected.set(at(update.state.selection.main.head)?.key ?? selected.get());
    }),
    keymap.of([{ key: 'Mod-.', run: repairHere }]),
  ]);
  judgement.watch(mark);
}

/** Replaces the text. The old one can be had back by undoing. */
export function write(written: string): void {
  setText(view, written);
}

/** Applies edits of the engine to the text that it has seen. */
export function apply(edits: TextEdit[]): void {
  const current = judgement.get();
  if (current.state !== 'checked' || current.text !== view.state.sliceDoc()) return;
  const changes = edits.map(({ range, text: insert }) => ({ ...range, insert }));
  view.dispatch({ changes, userEvent: 'input.repair' });
}

/** Shows a place in the text, and moves the focus there if `focus`. */
export function reveal({ from, to }: Range, focus = false): void {
  const length = view.state.doc.length;
  const selection = EditorSelection.range(Math.min(from, length), Math.min(to, length));
  view.dispatch({ selection, effects: EditorView.scrollIntoView(selection, { y: 'center' }) });
  if (focus) view.focus();
}

/** Returns the line of an offset, from 1. */
export function line(offset: number): number {
  return view.state.doc.lineAt(Math.min(offset, view.state.doc.length)).number;
}

/** Returns the finding at an offset. The selected one wins, then the smallest. */
function at(offset: number): Listed | undefined {
  const current = judgement.get();
  if (current.state !== 'checked') return undefined;
  const size = ({ from, to }: Range) => to - from;
  const found = listed(current.checked)
    .filter(({ finding: { range } }) => range.from <= offset && offset <= range.to)
    .sort((one, other) => size(one.finding.range) - size(other.finding.range));
  return found.find(({ key }) => key === selected.get()) ?? found[0];
}

function repairHere(): boolean {
  const fix = at(view.state.selection.main.head)?.finding.fix;
  if (fix) apply(fix.edits);
  return fix !== undefined;
}

/** Draws the squiggles of the newest judgement. Typing since then moves them. */
function mark(): void {
  const current = judgement.get();
  if (current.state !== 'checked' || current.text !== view.state.sliceDoc()) return;
  const { objects, problems } = current.checked;
  const findings = objects.flatMap((object) => object.findings.filter(({ suppressed }) => !suppressed));
  const diagnostics = [...findings.map(ofFinding), ...problems.map(ofProblem)].sort((a, b) => a.from - b.from);
  view.dispatch(setDiagnostics(view.state, diagnostics));
}

function ofFinding({ rule, action, message, help, range, fix }: TextFinding): Diagnostic {
  const actions: Action[] = fix ? [{ name: words().repair, apply: () => apply(fix.edits) }] : [];
  return { ...clamped(range), severity: SEVERITY[action], source: rule, message: `${message}\n${help}`, actions };
}

function ofProblem({ message, help, range, remark }: TextProblem): Diagnostic {
  const severity = remark ? 'warning' : 'error';
  return { ...clamped(range ?? { from: 0, to: 0 }), severity, message: help ? `${message}\n${help}` : message };
}

function clamped({ from, to }: Range): Range {
  const length = view.state.doc.length;
  return { from: Math.min(from, length), to: Math.min(to, length) };
}
