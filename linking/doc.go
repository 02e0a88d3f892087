// Package linking holds the product's rules: which sales go to a partner, what is sent, what a product's
// change means, which status wins. It is pure: no clock, no network, no database.
package linking
