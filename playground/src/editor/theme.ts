/** The look of every editor. Its colours are the page's variables. */

import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--code-key)' },
  { tag: [tags.string, tags.content, tags.attributeValue], color: 'var(--code-string)' },
  { tag: [tags.keyword, tags.meta, tags.labelName, tags.typeName], color: 'var(--code-mark)' },
  { tag: tags.comment, color: 'var(--code-comment)', fontStyle: 'italic' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: 'var(--soft)' },
]);

const squiggle = (colour: string) => ({
  backgroundImage: 'none',
  textDecoration: `underline wavy var(${colour})`,
  textUnderlineOffset: '3px',
  textDecorationSkipInk: 'none',
});

const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'var(--paper)', fontSize: '13px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-placeholder': { color: 'var(--soft)' },
  '.cm-gutters': { backgroundColor: 'var(--paper)', color: 'var(--soft)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'var(--line-active)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--line-active)', color: 'var(--ink)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--selection)',
  },
  '.cm-lintRange-error': squiggle('--deny'),
  '.cm-lintRange-warning': squiggle('--warn'),
  '.cm-lintRange-info': squiggle('--fix'),
  '.cm-lintRange-hint': squiggle('--audit'),
  '.cm-lintRange-active': { backgroundColor: 'var(--selection)' },
  '.cm-lint-marker': { width: '.8em', height: '.8em' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', color: 'var(--ink)', borderColor: 'var(--edge)' },
  '.cm-tooltip-lint': { maxWidth: 'min(36rem, 90vw)' },
  '.cm-diagnostic': { fontFamily: 'var(--sans)', padding: '6px 10px' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--deny)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--warn)' },
  '.cm-diagnostic-info': { borderLeftColor: 'var(--fix)' },
  '.cm-diagnosticAction': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)', borderRadius: '4px' },
  '.cm-diagnosticSource': { color: 'var(--soft)', opacity: '1' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-completionInfo': { fontFamily: 'var(--sans)', maxWidth: '22rem' },
  '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--ink)', borderColor: 'var(--edge)' },
  '.cm-textfield, .cm-button': { background: 'var(--paper)', color: 'var(--ink)', borderColor: 'var(--edge)' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--line-active)', borderColor: 'var(--edge)', color: 'var(--soft)' },
  '.cm-changedLine, .cm-insertedLine': { backgroundColor: 'var(--added-line) !important' },
  '&.cm-merge-a .cm-changedLine, .cm-deletedChunk': { backgroundColor: 'var(--removed-line) !important' },
  '&.cm-merge-b .cm-changedText': { background: 'var(--added)' },
  '&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText': { background: 'var(--removed)' },
  '.cm-changeGutter': { paddingLeft: '0' },
  '.cm-collapsedLines': { background: 'var(--line-active)', color: 'var(--soft)', fontFamily: 'var(--sans)' },
  // The arrows of the default are in few fonts.
  '.cm-collapsedLines:before, .cm-collapsedLines:after': { content: '"⋯"' },
});

export const look: Extension = [theme, syntaxHighlighting(highlight)];
