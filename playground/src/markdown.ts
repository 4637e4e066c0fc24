/** Markdown as elements. It is built from tokens, so that text never becomes markup. */

import { type Token, type Tokens, lexer } from 'marked';

import { type Child, h, link } from './dom.ts';

/** Returns the elements of a page. `code` renders a fenced block; by default it is preformatted text. */
export function markdown(source: string, code: (block: Tokens.Code) => Child): Child[] {
  return lexer(source).map((token) => block(token, code));
}

function block(token: Token, code: (block: Tokens.Code) => Child): Child {
  switch (token.type) {
    case 'space':
      return null;
    case 'code':
      return code(token as Tokens.Code);
    case 'list': {
      const { ordered, items } = token as Tokens.List;
      const inner = (item: Tokens.ListItem) => item.tokens.map((part) => block(part, code));
      return h(ordered ? 'ol' : 'ul', {}, ...items.map((item) => h('li', {}, ...inner(item))));
    }
    case 'text':
      return spans(token);
    default:
      return h('p', {}, ...spans(token));
  }
}

/** Returns the inline elements of a token. An unknown one is its text. */
function spans(token: Token): Child[] {
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
