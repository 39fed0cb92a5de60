IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[_sdc_load_ledger]', N'U') IS NULL CREATE TABLE [dbo].[_sdc_load_ledger] (
  [load_id] nvarchar(64) NULL,
  [run_id] nvarchar(64) NULL,
  [target] nvarchar(600) NULL,
  [content] nvarchar(64) NULL,
  [files] bigint NULL,
  [rows] bigint NULL,
  [committed_at] datetime2(7) NULL,
  [closed_at] datetime2(7) NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'a]; DROP TABLE x --'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'dbo') EXEC(N'CREATE SCHEMA [dbo]')
GO
IF OBJECT_ID(N'[dbo].[a]]; DROP TABLE x --]', N'U') IS NULL CREATE TABLE [dbo].[a]]; DROP TABLE x --] (
  [select] bigint NULL,
  [Id] bigint NULL,
  [iD_aed375ce] bigint NULL,
  [__e3b0c442] nvarchar(4000) NULL,
  [it's] bit NULL,
  [😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀_792100ef] nvarchar(4000) NULL
)
WITH (DISTRIBUTION = HASH([select]), CLUSTERED COLUMNSTORE INDEX)
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_97bdcb93_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_97bdcb93_20260102030405_b59e6c60]
GO
CREATE TABLE [dbo].[_sdc_stg_97bdcb93_20260102030405_b59e6c60] (
  [select] bigint NULL,
  [Id] bigint NULL,
  [iD_aed375ce] bigint NULL,
  [__e3b0c442] nvarchar(max) NULL,
  [it's] bit NULL,
  [😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀_792100ef] nvarchar(max) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = HASH([select]), HEAP)
GO
COPY INTO [dbo].[_sdc_stg_97bdcb93_20260102030405_b59e6c60] ([select] 1, [Id] 2, [iD_aed375ce] 3, [__e3b0c442] 4, [it's] 5, [😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀_792100ef] 6, [_sdc_row] 7)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.csv.gz'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=a]; DROP TABLE x --')
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_stg_97bdcb93_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
DELETE [dbo].[a]]; DROP TABLE x --]
FROM [dbo].[a]]; DROP TABLE x --] INNER JOIN [dbo].[_sdc_stg_97bdcb93_20260102030405_b59e6c60] AS [_sdc_staged] ON [dbo].[a]]; DROP TABLE x --].[select] = [_sdc_staged].[select]
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=delete table=a]; DROP TABLE x --')
GO
INSERT INTO [dbo].[a]]; DROP TABLE x --] ([select], [Id], [iD_aed375ce], [__e3b0c442], [it's], [😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀_792100ef])
SELECT [_sdc_staged].[select], [_sdc_staged].[Id], [_sdc_staged].[iD_aed375ce], CAST(CASE WHEN UNICODE([_sdc_staged].[__e3b0c442]) = 57344 THEN SUBSTRING([_sdc_staged].[__e3b0c442], 2, 2147483646) ELSE [_sdc_staged].[__e3b0c442] END AS nvarchar(4000)), [_sdc_staged].[it's], CAST(CASE WHEN UNICODE([_sdc_staged].[😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀_792100ef]) = 57344 THEN SUBSTRING([_sdc_staged].[😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀_792100ef], 2, 2147483646) ELSE [_sdc_staged].[😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀_792100ef] END AS nvarchar(4000))
FROM (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY [_sdc_staged].[select] ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [dbo].[_sdc_stg_97bdcb93_20260102030405_b59e6c60] AS [_sdc_staged]) AS [_sdc_staged]
WHERE [_sdc_staged].[_sdc_rank] = 1
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=a]; DROP TABLE x --')
GO
INSERT INTO [dbo].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[dbo].[a]]; DROP TABLE x --]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=a]; DROP TABLE x --')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[dbo].[_sdc_stg_97bdcb93_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [dbo].[_sdc_stg_97bdcb93_20260102030405_b59e6c60]
GO
UPDATE [dbo].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[dbo].[a]]; DROP TABLE x --]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
