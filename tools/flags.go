package tools

import "regexp"

// Flags of a page: what a careful client may want to know before its model reads
// on (N7), and whether what stands there is all. They are heuristics, easily got
// round; nothing visible is dropped for them.
const (
	flagHidden       = "hidden_text"  // text was hidden from readers, and is left out
	flagInstructions = "instructions" // it reads like instructions to a model
	flagMarkup       = "call_markup"  // it holds markup of calls or turns, made inert
	flagShell        = "script_shell" // scripts would fill it, and did not run
)

// flagBytes is how far a page is looked through.
const flagBytes = 256 << 10

// instructions are turns of speech that are meant for a model.
var instructions = regexp.MustCompile(`(?i)\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:previous|prior|above|earlier|preceding|your)\b[^.\n]{0,20}\b(?:instruction|prompt|rule|guideline|direction)s?\b` +
	`|\byou are now\b[^.\n]{0,60}\b(?:assistant|model|ai|agent|mode)\b` +
	`|\b(?:do not|don't|never)\s+(?:tell|inform|mention|reveal|show)\b[^.\n]{0,30}\b(?:the|your)\s+user\b` +
	`|\b(?:attention|important|note|message)\b[^.\n]{0,20}\b(?:to|for)\s+(?:all\s+|any\s+|the\s+)?(?:ai|llm|language model|assistant)s?\b`)

// flagsOf looks at a page's text. hidden is how many bytes of it were left out.
func flagsOf(hidden int, text string) []string {
	var flags []string
	if hidden > 0 {
		flags = append(flags, flagHidden)
	}
	text = cutAt(text, flagBytes)
	if instructions.MatchString(text) {
		flags = append(flags, flagInstructions)
	}
	if callMarkup.MatchString(text) {
		flags = append(flags, flagMarkup)
	}
	return flags
}

// flagNote is the flags in words, for the head of a page's block.
func flagNote(flags []string) string {
	note := ""
	for _, flag := range flags {
		switch flag {
		case flagHidden:
			note += ", hidden text left out"
		case flagInstructions:
			note += ", reads like instructions to a model"
		case flagMarkup:
			note += ", holds tool markup"
		case flagShell:
			note += ", an empty shell that scripts would fill: render=chrome runs them, with a Chromium"
		}
	}
	return note
}
