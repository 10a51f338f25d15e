// Package wordpiece cuts text into the pieces of an uncased BERT vocabulary.
//
// It gives the same ids as Hugging Face's BertNormalizer, BertPreTokenizer and
// WordPiece, but for three things that suit embeddings of pages: special tokens
// are plain text, no [CLS] or [SEP] is added, and words without pieces are left
// out. The rules, in order:
//
//  1. Clean. U+0000, U+FFFD and what is Cc, Cf, Co or Cs is dropped; TAB, LF, CR
//     and what is Zs, Zl or Zp is a space; each CJK ideograph is a word.
//  2. Unicode NFD; what is Mn (accents) is dropped; lower case, each code point
//     on its own.
//  3. Words end at spaces; each ASCII mark and each P* character is a word.
//  4. In a word of at most 100 code points, the longest piece from the left, over
//     and over. If one place has none, the whole word has none.
//
// Text is read once, without a copy of it and without allocation: ASCII, which
// is nearly all of documentation, by a table; the rest by stretches. The
// vocabulary stays where the caller has it (in the binary); a hash table of
// 16-bit slots and the pieces' offsets, 250 kB together, find a piece.
package wordpiece
