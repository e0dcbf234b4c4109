package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// parseCondition reads a comparison of two expressions.
func parseCondition(text string) (*condition, error) {
	p := parser{rest: text}
	c := &condition{text: text}
	var err error
	if c.left, err = p.sum(); err == nil {
		if c.comparison = p.operator("<=", ">=", "==", "!=", "<", ">"); c.comparison == "" {
			err = p.unexpected("a comparison such as >=")
		}
	}
	if err == nil {
		c.right, err = p.sum()
	}
	if err == nil && p.peek() != 0 {
		err = p.unexpected("the end")
	}
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	return c, nil
}

// parser is a recursive descent over the text that is left.
type parser struct {
	rest  string
	depth int
}

// deepest is how many brackets may be open at once.
const deepest = 32

// peek is the next character that is no space; 0 at the end.
func (p *parser) peek() byte {
	p.rest = strings.TrimLeft(p.rest, " \t")
	if p.rest == "" {
		return 0
	}
	return p.rest[0]
}

// operator takes one of the operators off the text; empty if none is there.
func (p *parser) operator(operators ...string) string {
	p.peek()
	for _, o := range operators {
		if rest, ok := strings.CutPrefix(p.rest, o); ok {
			p.rest = rest
			return o
		}
	}
	return ""
}

func (p *parser) unexpected(want string) error {
	if p.peek() == 0 {
		return fmt.Errorf("ends early, want %s", want)
	}
	return fmt.Errorf("want %s before %q", want, p.rest)
}

func (p *parser) sum() (expression, error) { return p.chain(p.product, "+", "-") }

func (p *parser) product() (expression, error) { return p.chain(p.factor, "*", "/") }

// chain reads parts with operators of one rank between them.
func (p *parser) chain(part func() (expression, error), operators ...string) (expression, error) {
	left, err := part()
	for err == nil {
		o := p.operator(operators...)
		if o == "" {
			break
		}
		var right expression
		right, err = part()
		left = operation{o[0], left, right}
	}
	return left, err
}

func (p *parser) factor() (expression, error) {
	switch c := p.peek(); {
	case c == '(':
		return p.bracket()
	case c == '-':
		p.rest = p.rest[1:]
		inner, err := p.factor()
		return operation{'-', literal{}, inner}, err
	case c >= '0' && c <= '9' || c == '.':
		v, err := quantity(p.take(partOfQuantity))
		return literal{v}, err
	case c == '"' || c == '\'':
		return p.quoted(c)
	case isLetter(c):
		return p.name()
	}
	return nil, p.unexpected("a name or a number")
}

func (p *parser) bracket() (expression, error) {
	if p.depth++; p.depth > deepest {
		return nil, fmt.Errorf("more than %d open brackets", deepest)
	}
	p.rest = p.rest[1:]
	inner, err := p.sum()
	if err == nil && p.operator(")") == "" {
		err = p.unexpected(")")
	}
	p.depth--
	return inner, err
}

func (p *parser) quoted(quote byte) (expression, error) {
	text, rest, ok := strings.Cut(p.rest[1:], string(quote))
	if !ok {
		return nil, errors.New("a quotation has no end")
	}
	p.rest = rest
	return literal{value{text: text, isText: true}}, nil
}

// functions are what can be asked of a column as a whole.
func functions() []string { return []string{"max", "mean", "median", "min"} }

func (p *parser) name() (expression, error) {
	word := p.take(partOfName)
	if p.operator("(") == "" {
		return name{word}, nil
	}
	if !slices.Contains(functions(), word) {
		return nil, fmt.Errorf("%s: unknown function, want %s", word, strings.Join(functions(), ", "))
	}
	if !isLetter(p.peek()) {
		return nil, p.unexpected("the name of a column")
	}
	argument := p.take(partOfName)
	if p.operator(")") == "" {
		return nil, p.unexpected(")")
	}
	return call{word, argument}, nil
}

// take cuts off the characters that belong together.
func (p *parser) take(belongs func(text string, i int) bool) string {
	i := 0
	for i < len(p.rest) && belongs(p.rest, i) {
		i++
	}
	taken := p.rest[:i]
	p.rest = p.rest[i:]
	return taken
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// partOfName accepts paths; a dash only between letters or digits.
func partOfName(text string, i int) bool {
	c := text[i]
	if c == '-' {
		return i > 0 && i+1 < len(text) && (isLetter(text[i+1]) || isDigit(text[i+1])) && text[i-1] != ' '
	}
	return isLetter(c) || isDigit(c) || c == '.' || c == '[' || c == ']'
}

// partOfQuantity accepts 1.5e-3, 20tok/s, 0.75pJ/FLOP and µs: a slash only
// before a letter, a sign only in an exponent.
func partOfQuantity(text string, i int) bool {
	c := text[i]
	switch c {
	case '/':
		return i+1 < len(text) && isLetter(text[i+1]) && isLetter(text[i-1])
	case '+', '-':
		return (text[i-1] == 'e' || text[i-1] == 'E') && i+1 < len(text) && isDigit(text[i+1])
	}
	const ascii = 0x80
	return isLetter(c) || isDigit(c) || c == '.' || c >= ascii
}
