package content

import "testing"

// MathML without its TeX is written as TeX.
func TestMathML(t *testing.T) {
	t.Parallel()
	for mathml, want := range map[string]string{
		"<mi>x</mi><mo>=</mo><mfrac><mrow><mo>−</mo><mi>b</mi><mo>±</mo><msqrt><msup><mi>b</mi><mn>2</mn></msup><mo>−</mo><mn>4</mn><mi>a</mi><mi>c</mi></msqrt></mrow><mrow><mn>2</mn><mi>a</mi></mrow></mfrac>": `x = \frac{ - b ± \sqrt{b^{2} - 4ac}}{2a}`,
		"<munderover><mo>∑</mo><mrow><mi>k</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><msub><mi>a</mi><mi>k</mi></msub>":                                                                               `∑_{k = 1}^{n}a_{k}`,
		"<mover><mi>F</mi><mo>→</mo></mover><mo>+</mo><mover><mi>y</mi><mi>!</mi></mover>":                                                                                                                        `\vec{F} + \overset{!}{y}`,
		"<mroot><mn>8</mn><mn>3</mn></mroot><mi>sin</mi><mi>x</mi><mi>rate</mi>":                                                                                                                                  `\sqrt[3]{8}\sin x\mathrm{rate}`,
		"<msup><mrow><mo>(</mo><mi>a</mi><mo>)</mo></mrow><mn>2</mn></msup><mtext>if so</mtext><mo>{</mo>":                                                                                                        `{(a)}^{2}\text{if so}\{`,
		"<mtable><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr><mtr><mtd><mn>0</mn></mtd></mtr></mtable>":                                                                                                  `\begin{matrix} a & b \\ 0 \end{matrix}`,
		"<semantics><mi>y</mi><annotation encoding='text/plain'>other</annotation></semantics><mfrac><mi>a</mi></mfrac>":                                                                                          `ya`,
	} {
		if md := parsed(t, "<p>Text <math>"+mathml+"</math>.</p><p>More.</p>"); md != "Text $"+want+"$.\n\nMore." {
			t.Errorf("%s gave %q, want %q", mathml, md, want)
		}
	}
	if md := parsed(t, `<p>Text <span class=katex><span class=katex-html aria-hidden=true>∀<i>x</i></span></span>.</p>`); md != "Text ∀*x*." {
		t.Errorf("a formula that only the eye sees: %q", md)
	}
	if md := parsed(t, `<p>Text <span class=katex><span class=katex-mathml><math><mi>x</mi></math></span><span class=katex-html aria-hidden=true>x</span></span>.</p>`); md != "Text $x$." {
		t.Errorf("a formula for both: %q", md)
	}
}
