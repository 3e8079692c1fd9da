'use strict';
// Shows tickets when a number is clicked. What is shown stands in the address after #t?, so that back, forward and links work.
// Only text nodes are written: nothing of a ticket is ever markup.
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const drawer = document.getElementById('drawer');
  if (!drawer) return;
  const [ID, WHEN, PRODUCT, KIND, CAUSE, GROUP, CHANNEL, TEAM, TEXT, MARKS, MODEL, PLACE] = Array(12).keys();
  const words = data.words, kinds = new Map(data.kinds), names = data.names;
  const at = id => document.getElementById(id);
  const make = (tag, text, cls) => { const e = document.createElement(tag); if (text) e.textContent = text; if (cls) e.className = cls; return e; };
  const fields = [['p', 'fp', PRODUCT, n => n || words.noProduct], ['k', 'fk', KIND, k => kinds.get(k)], ['c', 'fc', CAUSE, n => n || words.unassigned]];
  let found = [], shown = 0, from = null;

  for (const [, id, column, label] of fields) {
    const counts = new Map();
    for (const t of data.tickets) counts.set(t[column], (counts.get(t[column]) || 0) + 1);
    const all = [...counts].sort((a, b) => b[1] - a[1]);
    const select = at(id);
    select.append(new Option(words.all, '*'));
    for (const [name, count] of all) select.append(new Option(label(names[name]) + ' ' + count, '=' + names[name]));
  }

  const wanted = () => {
    const hash = location.hash;
    return hash.startsWith('#t?') ? new URLSearchParams(hash.slice(3)) : null;
  };
  const go = query => { location.hash = 't?' + query; };

  function marked(text, marks) {
    const p = make('p'), chars = Array.from(text);
    let end = 0;
    for (let i = 0; i < marks.length; i += 2) {
      const [start, length] = [marks[i], marks[i + 1]];
      if (start >= chars.length) break;
      p.append(chars.slice(end, start).join(''), make('mark', chars.slice(start, start + length).join('')));
      end = start + length;
    }
    p.append(chars.slice(end).join(''));
    return p;
  }

  function item(t) {
    const li = make('li'), meta = make('div', '', 'meta'), id = make('button', t[ID], 'id');
    id.type = 'button';
    id.title = words.copy;
    id.addEventListener('click', () => copy(id, t[ID]));
    meta.append(id);
    const cause = names[t[CAUSE]] || (names[t[GROUP]] ? words.unassigned + '〔' + names[t[GROUP]] + '〕' : words.unassigned);
    const team = names[t[TEAM]] && words.team + ' ' + names[t[TEAM]];
    for (const said of [t[WHEN], names[t[PRODUCT]], kinds.get(names[t[KIND]]), cause, names[t[CHANNEL]], team, t[MODEL] ? words.model : '', t[PLACE]]) {
      if (said) meta.append(make('span', said));
    }
    li.append(meta, marked(t[TEXT], t[MARKS]));
    return li;
  }

  async function copy(button, id) {
    try {
      await navigator.clipboard.writeText(id);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(button);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand('copy');
    }
    button.textContent = words.copied;
    setTimeout(() => { button.textContent = id; }, 900);
  }

  function more() {
    const list = at('list');
    for (const t of found.slice(shown, shown + 100)) list.append(item(t));
    shown = Math.min(shown + 100, found.length);
    at('more').hidden = shown >= found.length;
  }

  function show() {
    const query = wanted();
    if (!query) {
      if (!drawer.hidden) { drawer.hidden = true; if (from) from.focus({ preventScroll: true }); }
      return;
    }
    const text = (query.get('q') || '').toLowerCase(), id = query.get('id'), group = query.get('g');
    found = data.tickets.filter(t =>
      fields.every(([key, , column]) => !query.has(key) || names[t[column]] === query.get(key)) &&
      (id === null || t[ID] === id) && (group === null || names[t[GROUP]] === group) &&
      (!text || t[TEXT].toLowerCase().includes(text) || t[ID].toLowerCase().includes(text)));
    for (const [key, select] of fields) {
      const value = query.has(key) ? '=' + query.get(key) : '*';
      if (at(select).value !== value) at(select).value = value;
    }
    if (document.activeElement !== at('fq')) at('fq').value = query.get('q') || '';
    const some = data.total > data.tickets.length ? words.of + ' ' : '';
    at('found').textContent = found.length ? some + found.length + ' ' + words.found : words.none;
    at('list').replaceChildren();
    shown = 0;
    more();
    if (drawer.hidden) {
      from = document.activeElement;
      drawer.hidden = false;
      drawer.focus({ preventScroll: true });
    }
    drawer.scrollTop = 0;
  }

  function filter() {
    // A field that loses the focus because all is closed has changed, too.
    if (drawer.hidden) return;
    const query = new URLSearchParams();
    for (const [key, select] of fields) if (at(select).value !== '*' && at(select).value) query.set(key, at(select).value.slice(1));
    if (at('fq').value) query.set('q', at('fq').value);
    history.replaceState(null, '', '#t?' + query);
    show();
  }

  const close = () => { const y = scrollY; history.pushState(null, '', '#'); show(); scrollTo(0, y); };
  at('filter').addEventListener('change', filter);
  at('fq').addEventListener('input', filter);
  at('filter').addEventListener('submit', e => e.preventDefault());
  at('more').addEventListener('click', more);
  at('close').addEventListener('click', close);
  addEventListener('keydown', e => { if (e.key === 'Escape' && !drawer.hidden) close(); });
  addEventListener('hashchange', show);
  addEventListener('popstate', show);
  show();
})();
