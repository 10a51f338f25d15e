// Package static turns text into vectors with a table that is compiled in: the
// mean of the rows of its word pieces, as a unit vector. It needs no network,
// no file and no start-up.
//
// The table (8 MB of int8) and the vocabulary stay in the program's read-only
// pages, which the processes of one machine share; only the vocabulary's hash
// table is built, 250 kB, at the first use. See PROVENANCE.md for what the table
// was made of.
//
// # Arithmetic
//
// A row is scale × int8. The sum over a text is taken in integers, two
// components a multiplication: bytes are shifted to 0…255, scales become
// integers relative to the text's largest, as fine as 32 bits without overflow
// allow for the number of its pieces (at least 15 bits), and what the shift has
// added is taken off at the end. The error is some 1e-6 of a component; the
// length, which the sum's factor does not change, is taken in float64.
package static
