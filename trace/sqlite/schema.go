package sqlite

import (
	"slices"
	"strconv"
	"strings"
)

// Column is a column of a table.
type Column struct {
	Name string

	integer    bool   // declared INTEGER, not merely with its affinity
	number     bool   // INTEGER PRIMARY KEY: the number of the row
	real       bool   // REAL: whole numbers in it are such too
	preset     any    // what rows from before the column have
	unreadable string // why rows of the table cannot be read
}

// columnsOf reads the columns off a CREATE TABLE statement, which SQLite keeps
// as it was given, comments and all (section 2.6). None: the text is not
// understood.
func columnsOf(statement string) []Column {
	words := tokens(statement)
	open := slices.Index(words, "(")
	if open < 0 {
		return nil
	}
	var columns []Column
	parts, after := split(words[open+1:])
	for _, part := range parts {
		switch strings.ToUpper(part[0]) {
		case "PRIMARY", "CONSTRAINT", "UNIQUE", "CHECK", "FOREIGN": // of the table
			primaryKey(columns, part)
		default:
			columns = append(columns, columnOf(part))
		}
	}
	if slices.ContainsFunc(after, isWord("WITHOUT")) && len(columns) > 0 {
		columns[0].unreadable = "is WITHOUT ROWID, which this reader does not know"
	}
	return columns
}

// columnOf reads the definition of a column: name, words of its type,
// constraints.
func columnOf(words []string) Column {
	c := Column{Name: unquoted(words[0])}
	kind := ""
	typed := true // as long as words are of the type
	for i, word := range words[1:] {
		following := words[i+2:]
		switch upper := strings.ToUpper(word); upper {
		case "PRIMARY":
			c.number = kind == "INTEGER" && !slices.ContainsFunc(following, isWord("DESC"))
			typed = false
		case "DEFAULT":
			c.preset = literal(following)
			typed = false
		case "GENERATED", "AS":
			c.unreadable = "column " + c.Name + " is computed, which this reader does not know"
			typed = false
		case "CONSTRAINT", "NOT", "NULL", "UNIQUE", "CHECK", "COLLATE", "REFERENCES":
			typed = false
		default:
			if typed {
				kind = strings.TrimSpace(kind + " " + strings.ToUpper(unquoted(word)))
			}
		}
	}
	// The rules of affinity, section 3.1 of "Datatypes In SQLite".
	c.real = !strings.Contains(kind, "INT") && !strings.Contains(kind, "CHAR") && !strings.Contains(kind, "TEXT") &&
		(strings.Contains(kind, "REAL") || strings.Contains(kind, "FLOA") || strings.Contains(kind, "DOUB"))
	c.integer = kind == "INTEGER"
	return c
}

// primaryKey marks the column of a table's PRIMARY KEY (column).
func primaryKey(columns []Column, words []string) {
	if i := slices.IndexFunc(words, isWord("PRIMARY")); i >= 0 && len(words) >= i+5 && words[i+4] == ")" {
		for j := range columns {
			if c := &columns[j]; strings.EqualFold(c.Name, unquoted(words[i+3])) {
				c.number = c.integer
			}
		}
	}
}

func isWord(want string) func(string) bool {
	return func(word string) bool { return strings.EqualFold(word, want) }
}

// literal is the value of DEFAULT; nil where it is not a number or a text.
func literal(words []string) any {
	text := ""
	if len(words) > 0 {
		text = words[0]
	}
	if (text == "-" || text == "+") && len(words) > 1 {
		text += words[1]
	}
	if strings.HasPrefix(text, "'") {
		return unquoted(text)
	}
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
		return whole
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil {
		return number
	}
	switch strings.ToUpper(text) {
	case "TRUE":
		return int64(1)
	case "FALSE":
		return int64(0)
	}
	return nil
}

// tokens cuts a statement into names, numbers, quoted texts and single marks;
// comments are left out.
func tokens(statement string) []string {
	var words []string
	for rest := statement; rest != ""; {
		n := tokenBytes(rest)
		switch word := rest[:n]; {
		case strings.TrimSpace(word) == "", strings.HasPrefix(word, "--"), strings.HasPrefix(word, "/*"):
		default:
			words = append(words, word)
		}
		rest = rest[n:]
	}
	return words
}

// tokenBytes is the length of the token that a text begins with.
func tokenBytes(text string) int {
	ends := map[byte]string{'-': "\n", '/': "*/", '\'': "'", '"': `"`, '`': "`", '[': "]"}
	end, quoted := ends[text[0]]
	if comment := text[0] == '-' || text[0] == '/'; comment {
		quoted = strings.HasPrefix(text, "--") || strings.HasPrefix(text, "/*")
	}
	if quoted {
		const opening = 1
		for n := opening; ; n++ {
			i := strings.Index(text[n:], end)
			if i < 0 {
				return len(text)
			}
			n += i + len(end)
			if n >= len(text) || string(text[n]) != end || text[0] == '[' { // a doubled quote stands for itself
				return n
			}
		}
	}
	isName := func(r rune) bool {
		return r == '_' || r == '.' || r == '$' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' ||
			r >= 'a' && r <= 'z' || r > 127
	}
	if n := strings.IndexFunc(text, func(r rune) bool { return !isName(r) }); n != 0 {
		if n < 0 {
			return len(text)
		}
		return n
	}
	return 1
}

// split cuts what stands in parentheses at its commas and returns what follows
// the closing one. Parentheses inside stay with their part.
func split(words []string) (parts [][]string, after []string) {
	depth, from := 0, 0
	for i, word := range words {
		ends := depth == 0 && (word == "," || word == ")")
		if ends && i > from {
			parts = append(parts, words[from:i])
		}
		switch {
		case ends && word == ")":
			return parts, words[i+1:]
		case ends:
			from = i + 1
		case word == "(":
			depth++
		case word == ")":
			depth--
		}
	}
	return nil, nil
}

// unquoted is a name or a text without its quotes.
func unquoted(word string) string {
	if len(word) < 2 || !strings.ContainsAny(word[:1], "'\"`[") {
		return word
	}
	quote := word[len(word)-1:]
	return strings.ReplaceAll(word[1:len(word)-1], quote+quote, quote)
}
