package access

// HashParams are what passwords are hashed with.
var HashParams = hashParams
