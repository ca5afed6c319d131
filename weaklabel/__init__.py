"""weaklabel: labeling functions vote, a label model denoises, a BERT classifier learns."""
