// Prints what go-ini reads, as sops has it read: a list of sections, each with its keys, values and comments.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"gopkg.in/ini.v1"
)

type key struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Comment string `json:"comment"`
}

type section struct {
	Name    string `json:"name"`
	Comment string `json:"comment"`
	Keys    []key  `json:"keys"`
}

func read(text string) ([]section, error) {
	file, err := ini.LoadSources(ini.LoadOptions{AllowNonUniqueSections: true}, []byte(text))
	if err != nil {
		return nil, err
	}
	found := []section{}
	for _, one := range file.Sections() {
		keys := []key{}
		for _, item := range one.Keys() {
			keys = append(keys, key{item.Name(), item.Value(), item.Comment})
		}
		found = append(found, section{one.Name(), one.Comment, keys})
	}
	return found, nil
}

// A JSON list of texts on standard input gives a list of what each reads as, null where go-ini refuses it.
func main() {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	var texts []string
	if err := json.Unmarshal(input, &texts); err != nil {
		panic(err)
	}
	results := [][]section{}
	for _, text := range texts {
		sections, err := read(text)
		if err != nil {
			sections = nil
		}
		results = append(results, sections)
	}
	output, err := json.Marshal(results)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(output))
}
