package content

import (
	"fmt"
	"strings"
	"testing"
)

// Names of classes are believed, but not where they would take away the page.
func TestNamesThatMeanSomethingElse(t *testing.T) {
	t.Parallel()
	say := func(i int) string {
		return fmt.Sprintf("Entry %d says what stands here, and that is a whole sentence. ", i)
	}
	var shop, forum, remarks strings.Builder
	for i := range 12 {
		fmt.Fprintf(&shop, "<div class=cartButton><p>%s</p></div>", say(i))
		fmt.Fprintf(&forum, "<div class='comment odd' id=c%d><p>%s</p></div>", i, say(i))
	}
	for range 20 {
		remarks.WriteString("<p>An article, as such, has sentences of its own, and more than that.</p>")
	}
	for _, test := range []struct{ name, body, kept, gone string }{
		{"products with a cart button", "<h1>Shop</h1>" + shop.String() + "<div class=newsletter><p>Write to us and you get letters.</p></div>", "Entry 7", "letters"},
		{"a forum is made of comments", "<div role=main><h1>Question</h1>" + forum.String() + "</div>", "Entry 7", "nothing"},
		{"comments below an article", "<main><h1>Story</h1>" + remarks.String() + forum.String() + "</main>", "sentences of its own", "Entry 7"},
		{"one box of that name", "<h1>Story</h1>" + remarks.String() + "<div class=cart><p>" + say(1) + "</p></div>", "sentences of its own", "Entry 1"},
		{"the signature of a function", "<h1>Story</h1>" + remarks.String() + "<div class=signature><p>close(force: Bool): Entry</p></div>", "close(force", "nothing"},
		{"the signature below a post", "<h1>Story</h1>" + remarks.String() + "<div class=post><p>It is said here.</p><div class=signature><p>Regards from me.</p></div></div>", "said here", "Regards"},
		{"a count of reviews", "<h1>Story</h1>" + remarks.String() + "<p class=reviews>Rated 4.8 by 17.</p>", "Rated 4.8", "nothing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if md := parsed(t, test.body); !strings.Contains(md, test.kept) || strings.Contains(md, test.gone) {
				t.Errorf("got %.400q", md)
			}
		})
	}
}

// A text that a generator marks may be one of many things on a page.
func TestContainerHoldsAShare(t *testing.T) {
	t.Parallel()
	var cards strings.Builder
	for i := range 20 {
		fmt.Fprintf(&cards, "<article><h3><a href=/p%d>Project %d</a></h3><p>What project %d is for, in one sentence or two.</p></article>", i, i, i)
	}
	intro := "<div class=markdown-body><p>The topic of this page, told in a few words and no more than that.</p></div>"
	if md := parsed(t, "<main><h1>Topic</h1>"+intro+cards.String()+"</main>"); !strings.Contains(md, "project 7 is for") || !strings.Contains(md, "a few words") {
		t.Errorf("one of many: %.300q", md)
	}
	readme := "<div class=markdown-body>" + strings.Repeat("<p>The text of the file, with all that it says.</p>", 9) + "</div>"
	if md := parsed(t, "<main>"+cards.String()[:400]+"</article>"+readme+"</main>"); strings.Contains(md, "project 1 is for") || !strings.Contains(md, "text of the file") {
		t.Errorf("the text itself: %.300q", md)
	}
}

// Lists of links are what some pages have to say: menus are still none of it.
func TestPagesOfLinks(t *testing.T) {
	t.Parallel()
	links := func(what string, n int) string { return numbered("<li><a href=/"+what+"%d>"+what+" entry</a></li>", n) }
	page := "<div class=sidebar><ul>" + links("sidebar", 80) + "</ul></div><div class=grid><h1>All of it</h1><ol>" + links("product", 90) + "</ol></div><div class=footer>" + strings.Repeat("Imprint and terms. ", 40) + "</div>"
	if md := parsed(t, page); !strings.Contains(md, "product entry") || strings.Contains(md, "sidebar entry") || strings.Contains(md, "Imprint") {
		t.Errorf("got %.400q", md)
	}
}

// A page's lead stays where the box with the text is a sibling of the box with
// the heading.
func TestLeadBesideTheText(t *testing.T) {
	t.Parallel()
	text := "<div class=body>" + strings.Repeat("<p>What the page says at length, in many words.</p>", 90) + "</div>"
	lead := "<p>" + strings.Repeat("What it is about, told first. ", 10) + "</p>"
	if md := parsed(t, "<main><div class=head><h1>Title</h1>"+lead+"</div>"+text+"</main>"); !strings.Contains(md, "told first") || !strings.HasPrefix(md, "# Title") {
		t.Errorf("the lead is lost: %.300q", md)
	}
	if md := parsed(t, "<main><div class=head><h1>Title</h1><p>By Jane, today.</p></div>"+text+"</main>"); strings.Contains(md, "Jane") || !strings.HasPrefix(md, "# Title") {
		t.Errorf("a byline is no lead: %.300q", md)
	}
	if md := parsed(t, "<main><header><h1>Title</h1></header><p>This shows how the whole of it is built, in the order of it. See <a href=a>a</a>.</p>"+text+"</main>"); !strings.Contains(md, "the whole of it") {
		t.Errorf("the paragraph below the title is lost: %.300q", md)
	}
}

func TestJunkWords(t *testing.T) {
	t.Parallel()
	for names, want := range map[string]string{
		"site-footer": "footer", "siteFooter main_nav": "footer nav", "table_root__adKqa": "", "block__mainNav": "nav", "x__comments": "comments", "head lead": "", "ADS": "ads",
		"prev-next": "prevnext", "PreviousNext": "prevnext", "prev next": "", "next-prev": "",
		"table_nav__adKqa other": "nav",
	} {
		if got := strings.Join(junkWords(names), " "); got != want {
			t.Errorf("%q: got %q, want %q", names, got, want)
		}
	}
}

// Of the box beside each post of a forum, the name is what says something.
func TestAuthorsBesidePosts(t *testing.T) {
	t.Parallel()
	var posts strings.Builder
	for i := range 6 {
		fmt.Fprintf(&posts, "<article class=post><div class='cell cell--user'><div><a href=/m/%d>B</a></div><h4><a href=/m/%d>Member%d</a></h4><h5>New Member</h5><dl><dt>Joined</dt><dd>Jun 29, 2016</dd></dl><dl><dt>Messages</dt><dd>1%d</dd></dl></div>"+
			"<div class=cell><p>Post number %d says this, and a little more than that.</p></div></article>", i, i, i, i, i)
	}
	md := parsed(t, "<main><h1>Thread</h1>"+posts.String()+"</main>")
	for _, gone := range []string{"Joined", "New Member", "2016", "[B]"} {
		if strings.Contains(md, gone) {
			t.Errorf("%q is in %.400q", gone, md)
		}
	}
	if !strings.Contains(md, "Member4") || !strings.Contains(md, "Post number 4") {
		t.Errorf("lost: %.400q", md)
	}
	short := numbered("<div class='post has-profile'><dl class=postprofile><dt><a href=/u/%[1]d>user%[1]d</a></dt><dd>Posts: 3</dd><dd>Joined: 2024</dd></dl><div>It cranks in %[1]d.</div></div>", 3)
	if md := parsed(t, "<main><h1>Thread</h1>"+short+"</main>"); strings.Contains(md, "Joined") || !strings.Contains(md, "cranks in 2") || !strings.Contains(md, "user2") {
		t.Errorf("short posts: %q", md)
	}
	whole := numbered("<div class='post user-post'><dl class=postprofile><dt><a href=/u/%[1]d>user%[1]d</a></dt><dd>Posts: 3</dd><dd>Joined: 2024</dd></dl><div>It cranks in %[1]d, and then it stops, each time, after a minute or two of it.</div></div>", 3)
	if md := parsed(t, "<main><h1>Thread</h1>"+whole+"</main>"); strings.Contains(md, "Joined") || !strings.Contains(md, "cranks in 2") {
		t.Errorf("posts named after users: %q", md)
	}
	if md := parsed(t, "<main><h1>About</h1><div class=profile><p><a href=/a>Jane</a></p><dl><dt>Joined</dt><dd>2016</dd><dt>Location</dt><dd>Ulm</dd></dl></div><p>"+strings.Repeat("She writes about it. ", 40)+"</p></main>"); !strings.Contains(md, "Ulm") {
		t.Errorf("the only profile of a page: %.300q", md)
	}
}

func TestLabelsOfCode(t *testing.T) {
	t.Parallel()
	code := `<pre class="brush: js"><code>let x = 1</code></pre>`
	if md := parsed(t, "<p>Text.</p><div><div class=header><span>js</span><button>Copy</button></div>"+code+"</div>"); md != "Text.\n\n```js\nlet x = 1\n```" {
		t.Errorf("got %q", md)
	}
	if md := parsed(t, "<p>Text.</p><div><div>main.js</div>"+code+"</div>"); !strings.Contains(md, "main.js") {
		t.Errorf("a file name is no language: %q", md)
	}
}

// A page behind an open window is hidden from screen readers, not from the eye.
func TestPageBehindAWindow(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("<p>What the page says at length, in many words.</p>", 20)
	window := "<div role=dialog aria-modal=true><p>Cookies, and what we do with them.</p></div>"
	if md := parsed(t, "<div id=app aria-hidden=true><main><h1>Title</h1>"+text+"</main></div>"+window); !strings.HasPrefix(md, "# Title") || !strings.Contains(md, "at length") || strings.Contains(md, "Cookies") {
		t.Errorf("got %.200q", md)
	}
	if md := parsed(t, "<main><h1>Title</h1>"+text+"<div aria-hidden=true><p>canary</p></div></main>"); strings.Contains(md, "canary") {
		t.Errorf("shown: %.200q", md)
	}
}

// A switch of languages around code is called a dropdown, and is none.
func TestCodeInADropdown(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("<p>What the page says at length, in many words.</p>", 20)
	code := "<pre><code>" + strings.Repeat("a := 1\n", 9) + "</code></pre>"
	md := parsed(t, "<main><h1>Title</h1>"+text+"<div><div role=listbox><div role=option>Node</div></div><div class=code-dropdown-select>"+code+"</div></div>"+
		"<div class=lang-dropdown><p>Choose the language of the code, which may be one of these.</p></div></main>")
	if !strings.Contains(md, "a := 1") || strings.Contains(md, "Node") || strings.Contains(md, "Choose") {
		t.Errorf("got %q", md[max(len(md)-300, 0):])
	}
}

func TestWhatStandsInMain(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("<p>What the page says at length, in many words.</p>", 20)
	md := parsed(t, "<div class=modal><p>Window text.</p></div><main><h1>Title</h1>"+text+
		"<section><header><h2>Part</h2><p>Of the part.</p></header><p>More.</p></section><header><p>By Jane</p></header><div class='details-modal'><h3>Details</h3><p>Of steel.</p></div><div class=modal role=dialog><p>Dialog.</p></div></main>")
	for _, kept := range []string{"## Part", "Of the part.", "### Details", "Of steel."} {
		if !strings.Contains(md, kept) {
			t.Errorf("%q is lost: %q", kept, md)
		}
	}
	for _, gone := range []string{"Window text", "By Jane", "Dialog"} {
		if strings.Contains(md, gone) {
			t.Errorf("%q is in %q", gone, md)
		}
	}
}

// A page that says little is not made longer by its menus.
func TestPagesThatSayLittle(t *testing.T) {
	t.Parallel()
	frame := "<header><p>Call us now, or write.</p></header>%s<footer>" + strings.Repeat("<p>Terms apply, as they do.</p>", 14) + "</footer>"
	if md := parsed(t, fmt.Sprintf(frame, "<div><h1>Lights</h1><p>Two lights, both of them bright, and a stand for each that folds away.</p></div>")); strings.Contains(md, "Terms") || !strings.Contains(md, "bright") {
		t.Errorf("got %q", md)
	}
	if md := parsed(t, fmt.Sprintf(frame, "<div class=banner><p>"+strings.Repeat("All that there is stands in here. ", 9)+"</p></div>")); !strings.Contains(md, "All that there is") {
		t.Errorf("lost: %q", md)
	}
}
