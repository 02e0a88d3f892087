package workflows

import (
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Search attributes, so that operators find runs with one query. Their names are ours alone: a namespace is shared with others.
var (
	AttributeEnvironment = temporal.NewSearchAttributeKeyInt64("KoppelEnvironment")
	AttributeIntegration = temporal.NewSearchAttributeKeyInt64("KoppelIntegration")
	AttributeSale        = temporal.NewSearchAttributeKeyInt64("KoppelSale")
	AttributeReason      = temporal.NewSearchAttributeKeyKeyword("KoppelReason")
)

// SearchAttributes lists them with their types, as a namespace needs them.
func SearchAttributes() map[string]enums.IndexedValueType {
	return map[string]enums.IndexedValueType{
		AttributeEnvironment.GetName(): enums.INDEXED_VALUE_TYPE_INT,
		AttributeIntegration.GetName(): enums.INDEXED_VALUE_TYPE_INT,
		AttributeSale.GetName():        enums.INDEXED_VALUE_TYPE_INT,
		AttributeReason.GetName():      enums.INDEXED_VALUE_TYPE_KEYWORD,
	}
}

// hasAttributes says whether a run was started with its attributes. Where the namespace does not take them it was not, and
// then nothing may be written into them: a refused attribute fails the workflow task, again and again.
func hasAttributes(ctx workflow.Context) bool {
	return workflow.GetTypedSearchAttributes(ctx).ContainsKey(AttributeEnvironment)
}
