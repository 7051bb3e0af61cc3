"""Alarms for operators: raised from what stands in the region, kept with what people did about them."""
