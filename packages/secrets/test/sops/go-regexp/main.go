// Answers, for each line {"pattern", "texts"} of its input, what Go's own regexp says: null where it refuses the
// pattern, else whether it matches each text.
package main

import (
	"encoding/json"
	"os"
	"regexp"
)

type question struct {
	Pattern string
	Texts   []string
}

func main() {
	questions := json.NewDecoder(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for questions.More() {
		var asked question
		if err := questions.Decode(&asked); err != nil {
			panic(err)
		}
		var matches []bool
		if compiled, err := regexp.Compile(asked.Pattern); err == nil {
			matches = []bool{}
			for _, text := range asked.Texts {
				matches = append(matches, compiled.MatchString(text))
			}
		}
		if err := answers.Encode(matches); err != nil {
			panic(err)
		}
	}
}
