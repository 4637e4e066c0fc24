/** Markdown as elements. It is built from tokens, so that text never becomes markup. */

import { type Token, type Tokens, lexer } from 'marked';

import { type Child, h, link } from './dom.ts';

/** Returns the elements of a page. `code` renders a fenced block; by default it is preformatted text. */
export function markdown(source: string, code: (block: Tokens.Code) => Child): Child[] {
  return lexer(source).map((token) => block(token, code));
}

/** Returns the elements of a line. */
export function inline(source: string): Child[] {
  return lexer(source).flatMap((token) => spans(token));
}

function block(token: Token, code: (block: Tokens.Code) => Child): Child {
  switch (token.type) {
    case 'space':
      return null;
    case 'heading':
      return h('h4', {}, ...spans(token));
    case 'code':
      return code(token as Tokens.Code);
    case 'list': {
      const { ordered, items } = token as Tokens.List;
      return h(ordered ? 'ol' : 'ul', {}, ...items.map((item) => h('li', {}, ...item.tokens.map((part) => block(part, code)))));
    }
    case 'table': {
      const { header, rows } = token as Tokens.Table;
      const cells = (tag: 'th' | 'td', row: Tokens.TableCell[]) => h('tr', {}, ...row.map((cell) => h(tag, {}, ...spans(cell))));
      return h('table', {}, h('thead', {}, cells('th', header)), h('tbody', {}, ...rows.map((row) => cells('td', row))));
    }
    case 'text':
      return spans(token);
    default:
      return h('p', {}, ...spans(token));
  }
}

/** Returns the inline elements of a token. An unknown one is its text. */
function spans(token: Token | Tokens.TableCell): Child[] {
  if (!('tokens' in token) || !token.tokens) return ['text' in token ? String(token.text) : ''];
  return token.tokens.map((part) => {
    switch (part.type) {
      case 'codespan':
        return h('code', {}, (part as Tokens.Codespan).text);
      case 'strong':
        return h('strong', {}, ...spans(part));
      case 'em':
        return h('em', {}, ...spans(part));
      case 'link': {
        const { href } = part as Tokens.Link;
        return href.startsWith('https://') ? link(href, ...spans(part)) : h('span', {}, ...spans(part));
      }
      default:
        return spans(part);
    }
  });
}
