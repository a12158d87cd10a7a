// Parses SQL with CockroachDB's own parser. Standard input: a JSON array of texts, each one or more
// statements. Standard output: one line for every text that it refuses, and why.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/cockroachdb/cockroachdb-parser/pkg/sql/parser"
)

// The parser panics on some of what it does not know.
func parse(text string) (fault error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			fault = fmt.Errorf("the parser panics: %v", panicked)
		}
	}()
	_, fault = parser.Parse(text)
	return fault
}

func main() {
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		fmt.Fprintln(os.Stderr, "standard input is no JSON array of texts:", err)
		os.Exit(2)
	}
	refused := 0
	for _, text := range texts {
		if err := parse(text); err != nil {
			refused++
			fmt.Printf("%s: %v\n", strings.Join(strings.Fields(text), " "), err)
		}
	}
	if refused > 0 {
		os.Exit(1)
	}
}
