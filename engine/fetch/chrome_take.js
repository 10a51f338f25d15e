// Reads the page as it stands, with at most limit characters of HTML. What style
// sheets hide, wherever they lie, is hidden by style attributes in a copy: who
// reads the HTML has no style sheets (N5). The page's elements may have names
// that stand before those of the document's own properties, so all is read by
// the getters of the prototypes, which are ours in this world.
(limit) => {
	const getter = (type, name) => Object.getOwnPropertyDescriptor(type.prototype, name).get;
	const root = getter(Document, 'documentElement').call(document);
	const got = { url: getter(Document, 'URL').call(document), type: getter(Document, 'contentType').call(document), size: 0, html: '' };
	if (!root || limit === 0) return got;

	const { getAttribute, setAttribute, getBoundingClientRect } = Element.prototype;
	const tagOf = (e) => getter(Element, 'tagName').call(e).toUpperCase();
	const inert = new DOMParser().parseFromString('', 'text/html'); // copies of scripts and images do nothing there
	const copy = inert.importNode(root, true);
	const walker = (doc, from) => Document.prototype.createTreeWalker.call(doc, from, NodeFilter.SHOW_ELEMENT);
	const pastIt = (w) => {
		do if (w.nextSibling()) return true; while (w.parentNode());
		return false;
	};

	const textsOf = (e) => {
		const texts = [];
		for (let n = getter(Node, 'firstChild').call(e); n; n = getter(Node, 'nextSibling').call(n)) {
			if (getter(Node, 'nodeType').call(n) === 3 && getter(CharacterData, 'data').call(n).trim()) texts.push(n);
		}
		return texts;
	};
	const hasText = (e) => textsOf(e).length > 0;
	const empty = (color) => color === 'transparent' || /^rgba\(.*, 0\)$/.test(color);
	const shownWithin = (e) => { // what is invisible may have visible parts
		for (const w = walker(document, e); w.nextNode();) if (getComputedStyle(w.currentNode).visibility === 'visible') return true;
		return false;
	};
	const controlled = (e) => { // folded, and a click away
		const id = getAttribute.call(e, 'id');
		return id && Document.prototype.querySelector.call(document, `[aria-controls~="${CSS.escape(id)}"]`);
	};

	// Boxes that may lie behind text, and give it a ground that its ancestors do
	// not have.
	let painted;
	const onPicture = (e) => {
		painted ??= Array.from(Document.prototype.querySelectorAll.call(document, '*')).filter((p) => {
			const s = getComputedStyle(p);
			return /^(IMG|VIDEO|CANVAS|PICTURE|SVG|OBJECT|EMBED|IFRAME)$/.test(tagOf(p)) || s.backgroundImage !== 'none' || !empty(s.backgroundColor);
		}).map((p) => [p, getBoundingClientRect.call(p)]);
		const r = getBoundingClientRect.call(e);
		return painted.some(([p, b]) => p !== e && !Node.prototype.contains.call(p, e) && b.left < r.right && b.right > r.left && b.top < r.bottom && b.bottom > r.top);
	};
	const inItsGround = (e, style) => { // text of the colour that it stands on
		if (style.textShadow !== 'none') return false;
		let ground = 'rgb(255, 255, 255)';
		for (let up = e; up; up = getter(Node, 'parentElement').call(up)) {
			const s = up === e ? style : getComputedStyle(up);
			if (s.backgroundImage !== 'none' || parseFloat(s.opacity) < 1) return false;
			if (empty(s.backgroundColor)) continue;
			ground = s.backgroundColor;
			break;
		}
		return style.color === ground && !onPicture(e);
	};

	// unseen returns the declaration that hides an element with all that is in it,
	// or nothing.
	const unseen = (e, s) => {
		if (s.display === 'none' || s.contentVisibility === 'hidden') return 'display:none';
		if (s.visibility !== 'visible' && !shownWithin(e)) return 'display:none';
		return parseFloat(s.opacity) === 0 ? 'opacity:0' : '';
	};

	// hidden does so for the other ways to hide.
	const hidden = (e, s) => {
		if (s.display === 'contents') return '';
		const box = getBoundingClientRect.call(e);
		if (s.position === 'absolute' || s.position === 'fixed') {
			if (/^rect\((0|1)px, ?(0|1)px/.test(s.clip)) return 'display:none';
			if (box.width > 0 && (box.right + scrollX <= 0 || box.bottom + scrollY <= 0)) return 'left:-9999px';
		}
		if (/^inset\((5\d|[6-9]\d|\d{3,})(\.\d+)?%|^(circle|ellipse)\(0/.test(s.clipPath)) return 'display:none';
		if (/^matrix\(0, 0, 0, 0,/.test(s.transform)) return 'display:none';
		if (parseFloat(s.textIndent) <= -500 && s.overflowX !== 'visible') return 'text-indent:-9999px';
		const cut = s.display !== 'inline' && (s.overflowX !== 'visible' || s.overflowY !== 'visible');
		if (cut && (box.width <= 1 || box.height <= 1) && !controlled(e)) return 'display:none';
		return '';
	};

	// hidesText reports whether an element's own text is hidden; what is within
	// may have another size, colour or visibility.
	const hidesText = (e, s) => hasText(e) && (s.visibility !== 'visible' || parseFloat(s.fontSize) < 1 ||
		empty(s.webkitTextFillColor) && s.backgroundClip !== 'text' || inItsGround(e, s));

	const live = walker(document, root), mirror = walker(inert, copy);
	const noText = /^(HEAD|SVG|MATH|SCRIPT|STYLE|NOSCRIPT|TEMPLATE)$/;
	const mute = []; // elements of the copy whose own text is hidden
	let blank = false; // the whole page
	for (let more = true; more;) {
		const e = live.currentNode, twin = mirror.currentNode, tag = tagOf(e);
		let past = noText.test(tag);
		if (!past) {
			const s = getComputedStyle(e);
			let reason = unseen(e, s);
			if (tag === 'HTML') {
				blank = reason !== '';
			} else if (tag === 'BODY' || tag === 'MAIN') { // readers take a style there for one that scripts will undo: they have run
				past = blank || reason !== '';
				if (past) Element.prototype.replaceChildren.call(twin);
			} else if (reason ||= hidden(e, s)) {
				const old = getAttribute.call(twin, 'style');
				setAttribute.call(twin, 'style', old ? old + ';' + reason : reason);
				past = reason === 'display:none';
			}
			if (!past && hidesText(e, s)) mute.push(twin);
		}
		if (past) {
			more = pastIt(live);
			pastIt(mirror);
		} else {
			more = live.nextNode() !== null;
			mirror.nextNode();
		}
	}
	for (const text of mute.flatMap(textsOf)) {
		const span = inert.createElement('span');
		span.style.display = 'none';
		CharacterData.prototype.replaceWith.call(text, span);
		span.append(text);
	}
	const html = getter(Element, 'outerHTML').call(copy);
	got.size = html.length;
	if (html.length <= limit) got.html = html;
	return got;
}
