/** The editor of the text that is judged: squiggles, and the finding under the cursor. */

import { type Action, type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorSelection } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';

import type { Range, TextEdit, TextFinding, TextProblem } from '../engine/engine.ts';
import { judgement, listed, selected, text } from '../session.ts';
import { words } from '../words.ts';
import { editor, limit } from './editor.ts';

const SEVERITY = { deny: 'error', warn: 'warning', fix: 'info', audit: 'hint', off: 'hint' } as const;

let view: EditorView;

/** Puts the editor into an element. */
export function mount(host: HTMLElement, refuse: (message: string) => void): void {
  view = editor(host, () => words().manifest, [
    lintGutter(),
    limit(refuse),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) text.set(update.state.sliceDoc());
      else if (update.selectionSet) selectAt(update.state.selection.main.head);
    }),
    keymap.of([{ key: 'Mod-.', run: repairHere }]),
  ]);
  judgement.watch(mark);
}

/** Replaces the text. The old one can be had back by undoing. */
export function write(written: string): void {
  view.dispatch({
    changes: { from: 0, to: view.state.doc.length, insert: written },
    selection: { anchor: 0 },
    scrollIntoView: true,
  });
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

/** Returns the key of the finding at an offset. The smallest wins. */
function at(offset: number): string | undefined {
  const current = judgement.get();
  if (current.state !== 'checked') return undefined;
  const size = ({ from, to }: Range) => to - from;
  const found = listed(current.checked)
    .filter(({ finding: { range } }) => range.from <= offset && offset <= range.to)
    .sort((one, other) => size(one.finding.range) - size(other.finding.range));
  return (found.find(({ key }) => key === selected.get()) ?? found[0])?.key;
}

function selectAt(offset: number): void {
  const key = at(offset);
  if (key) selected.set(key);
}

function repairHere(): boolean {
  const current = judgement.get();
  const key = at(view.state.selection.main.head);
  if (current.state !== 'checked' || !key) return false;
  const found = listed(current.checked).find((one) => one.key === key);
  if (found?.finding.fix) apply(found.finding.fix.edits);
  return true;
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
